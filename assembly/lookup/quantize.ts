import * as field from '../gen/layout';

/** 1.5·2^23: adding it rounds a float below 2^22 to the nearest integer, ties to even, which is then in the low bits. */
const MAGIC: f32 = 12582912.0;

/** What {@link quantize4} takes off: the bits of MAGIC less the zero point, which that subtraction of floats leaves, too. */
// @ts-ignore: decorator
@inline
export function roundingBase(zero: v128): v128 {
  return f32x4.sub(f32x4.splat(MAGIC), zero);
}

/** MAGIC, computed: V8 would build a constant anew at each use, but keeps this in a register. */
// @ts-ignore: decorator
@inline
export function roundingMagic(base: v128, zero: v128): v128 {
  return f32x4.add(base, zero);
}

/** Four floats → four integers, of which those above 127 are left to saturation. NaN becomes 0 (pmax keeps its first operand). */
// @ts-ignore: decorator
@inline
export function quantize4(values: v128, scale: v128, floor: v128, magic: v128, base: v128): v128 {
  return i32x4.sub(f32x4.add(f32x4.pmax(floor, f32x4.div(values, scale)), magic), base);
}

/** Sixteen integers as bytes 0..127 in the order of four i32 vectors. */
// @ts-ignore: decorator
@inline
export function narrow(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}

/**
 * Dense float32 rows to padded uint8 planes: q = clamp(round_half_even(x / scale) + zero, 0, 127).
 *
 *     tile t:  input [t·width ..]  ─▶  output + ⌊t / planeRows⌋·plane + (t mod planeRows)·pitch
 */
export function quantize(p: usize, begin: i32, end: i32, thread: i32): void {
  const input = load<usize>(p, field.QUANTIZE_INPUT);
  const output = load<usize>(p, field.QUANTIZE_OUTPUT);
  const total = load<i32>(p, field.QUANTIZE_TOTAL);
  const width = load<i32>(p, field.QUANTIZE_WIDTH);
  const planeRows = load<i32>(p, field.QUANTIZE_PLANE_ROWS);
  const plane = load<i32>(p, field.QUANTIZE_PLANE);
  const pitch = load<i32>(p, field.QUANTIZE_PITCH);
  for (let tile = begin; tile < end; tile++) {
    const first = tile * width;
    const rowOut = output + (tile / planeRows) * plane + (tile % planeRows) * pitch;
    quantizeRow(
      input + (<usize>first << 2),
      min(width, total - first),
      rowOut,
      v128.load32_splat(p, field.QUANTIZE_SCALE),
      v128.load32_splat(p, field.QUANTIZE_ZERO),
    );
  }
}

/** Quantizes `count` neighboring floats, one byte each. */
export function quantizeRow(from: usize, count: i32, to: usize, scale: v128, zero: v128): void {
  const base = roundingBase(zero);
  const magic = roundingMagic(base, zero);
  const floor = f32x4.neg(zero);
  for (; count >= 16; count -= 16) {
    const a = quantize4(v128.load(from), scale, floor, magic, base);
    const b = quantize4(v128.load(from, 16), scale, floor, magic, base);
    const c = quantize4(v128.load(from, 32), scale, floor, magic, base);
    const d = quantize4(v128.load(from, 48), scale, floor, magic, base);
    v128.store(to, narrow(a, b, c, d));
    from += 64;
    to += 16;
  }
  for (; count > 0; count--) {
    const q = quantize4(v128.load32_splat(from), scale, floor, magic, base);
    store<u8>(to++, i8x16.extract_lane_u(narrow(q, q, q, q), 0));
    from += 4;
  }
}
