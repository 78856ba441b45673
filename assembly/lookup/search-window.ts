/**
 * The centroid search of 3×3 windows of one channel, the patches of LUT-NN. Lanes are four positions; the weights of a centroid
 * are splatted, so that nothing is left to reduce, and the taps of the positions stay in registers for all centroids.
 *
 *     window row r of four positions:  [p0: t0 t1 t2 · | p1: t0 t1 t2 · | p2 | p3]  u8, · is any byte
 *
 * Weights small enough for i16 sums of pairs (`unit` is not 0, see search.ts) are multiplied as bytes where there is a dot of bytes:
 *
 *     weights: as in search.ts, three steps
 *
 * All others as i16, which is exact for any weights. The nine taps make five pairs:
 *
 *     even r = [t0 t2] of row r     odd 01 = [t1 of row 0, t1 of row 1]     odd 2 = [t1 of row 2, ·]
 *     wide:  per centroid i16 [5 pairs][2] = 64·Q (the last is 0), i32 key as in search.ts
 */
import { WIDE_BYTES } from '../gen/constants';
import { INDEX_MASK, storeCodes } from './search';
import { swizzle } from './swizzle';

/** Four bytes of each of four positions, as `spread` takes them from one load, or one by one. */
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

/**
 * Highest keys of four positions by i16 products. Four more would not fit the registers beside them. The pairs come as parameters,
 * since V8 before version 12 moves their making into the loop.
 */
function bestPairs(even0: v128, even1: v128, even2: v128, odd01: v128, odd2: v128, wide: usize, end: usize): v128 {
  let best = i32x4.splat(i32.MIN_VALUE);
  for (; wide < end; wide += WIDE_BYTES) {
    const early = i32x4.add(
      i32x4.dot_i16x8_s(v128.load32_splat(wide), even0),
      i32x4.dot_i16x8_s(v128.load32_splat(wide, 4), even1),
    );
    const late = i32x4.add(
      i32x4.dot_i16x8_s(v128.load32_splat(wide, 8), even2),
      i32x4.dot_i16x8_s(v128.load32_splat(wide, 12), odd01),
    );
    const last = i32x4.add(i32x4.dot_i16x8_s(v128.load32_splat(wide, 16), odd2), v128.load32_splat(wide, 20));
    best = i32x4.max_s(best, i32x4.add(i32x4.add(early, late), last));
  }
  return best;
}

// @ts-ignore: decorator
@inline
function bestWide(x0: v128, x1: v128, x2: v128, wide: usize, end: usize): v128 {
  const low = i16x8.splat(0xff);
  return bestPairs(
    v128.and(x0, low),
    v128.and(x1, low),
    v128.and(x2, low),
    v128.or(v128.and(i16x8.shr_u(x0, 8), i32x4.splat(0xff)), i32x4.shl(i16x8.shr_u(x1, 8), 16)),
    i16x8.shr_u(x2, 8),
    wide,
    end,
  );
}

/**
 * As `search`, of 4·quads centroids; `steps` is i32 [3]. Eight positions at a time share every load of weights.
 *
 * @param distance  bytes from one position to the next, at most 4, where every four lie in one row of their own; else 0
 */
export function searchWindow(
  input: usize,
  positions: usize,
  steps: usize,
  weights: usize,
  wide: usize,
  quads: i32,
  unit: i32,
  distance: i32,
  codes: usize,
  codeOffsets: usize,
  count: i32,
): void {
  const mask = i32x4.splat(INDEX_MASK);
  const units = i16x8.splat(<i16>unit);
  const row0 = input + load<i32>(steps);
  const row1 = input + load<i32>(steps, 4);
  const row2 = input + load<i32>(steps, 8);
  const wideEnd = wide + (quads << 2) * WIDE_BYTES;
  const weightsEnd = weights + (<usize>quads << 6);
  const even = distance != 0;
  const spread = i32x4.add(
    i32x4.splat(0x03020100),
    i32x4.mul(i32x4(0, 0x01010101, 0x02020202, 0x03030303), i32x4.splat(distance)),
  );
  for (let p = 0; p < count; p += 8) {
    const at = positions + (p << 2);
    const a0 = windowRow(row0, at, spread, even);
    const a1 = windowRow(row1, at, spread, even);
    const a2 = windowRow(row2, at, spread, even);
    const b0 = windowRow(row0, at + 16, spread, even);
    const b1 = windowRow(row1, at + 16, spread, even);
    const b2 = windowRow(row2, at + 16, spread, even);
    let bestA = i32x4.splat(i32.MIN_VALUE);
    let bestB = bestA;
    if (ASC_FEATURE_RELAXED_SIMD && unit != 0) {
      for (let quad = weights; quad < weightsEnd; quad += 64) {
        for (let w = quad; w < quad + 16; w += 4) {
          const w0 = v128.load32_splat(w);
          const w1 = v128.load32_splat(w, 16);
          const w2 = v128.load32_splat(w, 32);
          const key = v128.load32_splat(w, 48);
          const a = i16x8.add(i16x8.add(bytePairs(w0, a0), bytePairs(w1, a1)), bytePairs(w2, a2));
          const b = i16x8.add(i16x8.add(bytePairs(w0, b0), bytePairs(w1, b1)), bytePairs(w2, b2));
          bestA = i32x4.max_s(bestA, i32x4.add(i32x4.dot_i16x8_s(a, units), key));
          bestB = i32x4.max_s(bestB, i32x4.add(i32x4.dot_i16x8_s(b, units), key));
        }
      }
    } else {
      bestA = bestWide(a0, a1, a2, wide, wideEnd);
      bestB = bestWide(b0, b1, b2, wide, wideEnd);
    }
    const foundA = v128.andnot(mask, bestA);
    const foundB = v128.andnot(mask, bestB);
    const to = codeOffsets + (p << 2);
    if (even && count - p > 4) {
      const found = i16x8.narrow_i32x4_s(foundA, foundB);
      const bytes = i8x16.narrow_i16x8_u(found, found);
      v128.store32_lane(codes + load<i32>(to), bytes, 0);
      v128.store32_lane(codes + load<i32>(to, 16), bytes, 1);
    } else {
      storeCodes(foundA, codes, to, min(4, count - p));
      if (count - p > 4) storeCodes(foundB, codes, to + 16, min(4, count - p - 4));
    }
  }
}

// @ts-ignore: decorator
@inline
function bytePairs(weights: v128, x: v128): v128 {
  return i16x8.relaxed_dot_i8x16_i7x16_s(weights, x);
}
