import * as at from '../gen/layout';

/** 2^23: adding it to an integer 0..255 leaves that integer in the low bits of the float. */
const MAGIC: f32 = 8388608.0;

/** Four floats → four levels 0..127 in the low bytes of i32 lanes. NaN gives 0 (pmax keeps its first operand). */
// @ts-ignore: decorator
@inline
export function levels(values: v128, scale: v128, zero: v128): v128 {
  const shifted = f32x4.add(f32x4.nearest(f32x4.div(values, scale)), zero);
  const clamped = f32x4.pmin(f32x4.pmax(f32x4.splat(0), shifted), f32x4.splat(127));
  return v128.and(f32x4.add(clamped, f32x4.splat(MAGIC)), i32x4.splat(0xff));
}

/** Sixteen levels in the byte order of four i32 vectors. */
// @ts-ignore: decorator
@inline
export function narrow(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}

/**
 * Dense float32 rows to padded uint8 planes: q = clamp(round_half_even(x / scale) + zero, 0, 127).
 *
 *     tile t:  input [t·width ..]  ─▶  output + ⌊t / planeRows⌋·plane + (t mod planeRows)·pitch
 */
export function quantise(p: usize, begin: i32, end: i32, thread: i32): void {
  const input = load<usize>(p, at.QUANTISE_INPUT);
  const output = load<usize>(p, at.QUANTISE_OUTPUT);
  const total = load<i32>(p, at.QUANTISE_TOTAL);
  const width = load<i32>(p, at.QUANTISE_WIDTH);
  const planeRows = load<i32>(p, at.QUANTISE_PLANE_ROWS);
  const plane = load<i32>(p, at.QUANTISE_PLANE);
  const pitch = load<i32>(p, at.QUANTISE_PITCH);
  const scale = v128.load32_splat(p, at.QUANTISE_SCALE);
  const zero = v128.load32_splat(p, at.QUANTISE_ZERO);
  for (let tile = begin; tile < end; tile++) {
    const first = tile * width;
    const count = min(width, total - first);
    const rowIn = input + (<usize>first << 2);
    const rowOut = output + (tile / planeRows) * plane + (tile % planeRows) * pitch;
    let x = 0;
    for (; x <= count - 16; x += 16) {
      const from = rowIn + (<usize>x << 2);
      v128.store(
        rowOut + x,
        narrow(
          levels(v128.load(from), scale, zero),
          levels(v128.load(from, 16), scale, zero),
          levels(v128.load(from, 32), scale, zero),
          levels(v128.load(from, 48), scale, zero),
        ),
      );
    }
    for (; x < count; x++) {
      const level = levels(v128.load32_splat(rowIn + (<usize>x << 2)), scale, zero);
      store<u8>(rowOut + x, i32x4.extract_lane(level, 0));
    }
  }
}
