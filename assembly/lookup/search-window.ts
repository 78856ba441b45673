/**
 * The centroid search of 3×3 windows of one channel, the patches of LUT-NN. Lanes are four positions; the weights of a centroid
 * are splatted, so that nothing is left to reduce, and the taps of the positions stay in registers for all centroids.
 *
 *     window row r of four positions:  [p0: t0 t1 t2 · | p1: t0 t1 t2 · | p2 | p3]  u8, · is any byte
 *
 * Weights small enough for i16 sums of pairs (`narrow`) are multiplied as bytes where there is a dot of bytes:
 *
 *     weights: as in search.ts, three steps
 *
 * All others as i16, which is exact for any weights. The nine taps make five pairs:
 *
 *     even r = [t0 t2] of row r     odd 01 = [t1 of row 0, t1 of row 1]     odd 2 = [t1 of row 2, ·]
 *     wide:  per centroid i16 [5 pairs][2] = 64·Q (the last is 0), i32 key as in search.ts
 */
import { INDEX_MASK, pairs, rankPairs, storeCodes } from './search';
import { swizzle } from './swizzle';

/** Bytes of a centroid in `wide`. */
const WIDE_BYTES: usize = 24;

/** Four bytes of each of four positions. Positions at even distances come from one load. */
// @ts-ignore: decorator
@inline
function windowRow(from: usize, positions: usize, spread: v128, even: bool): v128 {
  const first = from + load<i32>(positions);
  if (even) return swizzle(v128.load(first), spread);
  let row = v128.load32_zero(first);
  row = v128.load32_lane(from + load<i32>(positions, 4), row, 1);
  row = v128.load32_lane(from + load<i32>(positions, 8), row, 2);
  return v128.load32_lane(from + load<i32>(positions, 12), row, 3);
}

// @ts-ignore: decorator
@inline
function product(weights: usize, x: v128): v128 {
  return i32x4.dot_i16x8_s(v128.load32_splat(weights), x);
}

/** As `search`, of 4·quads centroids. `steps` is i32 [3]. */
export function searchWindow(
  input: usize,
  positions: usize,
  steps: usize,
  weights: usize,
  wide: usize,
  quads: i32,
  narrow: bool,
  codes: usize,
  codeOffsets: usize,
  count: i32,
): void {
  const mask = i32x4.splat(INDEX_MASK);
  const row0 = input + load<i32>(steps);
  const row1 = input + load<i32>(steps, 4);
  const row2 = input + load<i32>(steps, 8);
  const wideEnd = wide + <usize>(quads << 2) * WIDE_BYTES;
  const weightsEnd = weights + (<usize>quads << 6);
  for (let p = 0; p < count; p += 4) {
    const at = positions + (p << 2);
    const first = load<i32>(at);
    const distance = load<i32>(at, 4) - first;
    const even =
      <u32>distance <= 4 && load<i32>(at, 8) - first == 2 * distance && load<i32>(at, 12) - first == 3 * distance;
    const spread = i32x4.add(
      i32x4.splat(0x03020100),
      i32x4.mul(i32x4(0, 0x01010101, 0x02020202, 0x03030303), i32x4.splat(distance)),
    );
    const x0 = windowRow(row0, at, spread, even);
    const x1 = windowRow(row1, at, spread, even);
    const x2 = windowRow(row2, at, spread, even);
    let best = i32x4.splat(i32.MIN_VALUE);
    if (ASC_FEATURE_RELAXED_SIMD && narrow) {
      for (let w = weights; w < weightsEnd; w += 64) {
        best = rankBytes(best, w, x0, x1, x2);
        best = rankBytes(best, w + 4, x0, x1, x2);
        best = rankBytes(best, w + 8, x0, x1, x2);
        best = rankBytes(best, w + 12, x0, x1, x2);
      }
    } else {
      const low = i16x8.splat(0xff);
      const even0 = v128.and(x0, low);
      const even1 = v128.and(x1, low);
      const even2 = v128.and(x2, low);
      const odd2 = i16x8.shr_u(x2, 8);
      const odd01 = v128.or(
        v128.and(i16x8.shr_u(x0, 8), i32x4.splat(0xff)),
        i32x4.shl(i16x8.shr_u(x1, 8), 16),
      );
      for (let w = wide; w < wideEnd; w += WIDE_BYTES) {
        const early = i32x4.add(product(w, even0), product(w + 4, even1));
        const late = i32x4.add(product(w + 8, even2), product(w + 12, odd01));
        const last = i32x4.add(product(w + 16, odd2), v128.load32_splat(w, 20));
        best = i32x4.max_s(best, i32x4.add(i32x4.add(early, late), last));
      }
    }
    storeCodes(i32x4.sub(mask, v128.and(best, mask)), codes, codeOffsets + (p << 2), min(4, count - p));
  }
}

/** `best` and the keys of one centroid by sums of bytes. */
// @ts-ignore: decorator
@inline
function rankBytes(best: v128, w: usize, x0: v128, x1: v128, x2: v128): v128 {
  const sums = i16x8.add(i16x8.add(splatPairs(w, x0), splatPairs(w + 16, x1)), splatPairs(w + 32, x2));
  return rankPairs(best, sums, v128.load32_splat(w, 48));
}

// @ts-ignore: decorator
@inline
function splatPairs(weights: usize, x: v128): v128 {
  return i16x8.relaxed_dot_i8x16_i7x16_s(v128.load32_splat(weights), x);
}
