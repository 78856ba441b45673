/**
 * The centroid search. Lanes are four centroids; the taps of a position are splatted, so neither the width of a map nor its
 * stride wastes lanes, and a single row (batch 1) costs one position.
 *
 *     weights of a quad:  step 0: [k0: t0 t1 t2 t3 | k1: t0..t3 | k2: t0..t3 | k3: t0..t3]  i8
 *                         step 1: ...
 *                         keys:   [k0 | k1 | k2 | k3]  i32 = (b − zero·ΣQ)·64 + (63 − k)
 *     taps of a position: [t0 t1 t2 t3] × 4  u8, 0..127 (a tap beyond the window has weight 0 and may be any byte)
 *
 * key = score·64 + (63 − k): the highest key is the highest score, and the lowest k among equals.
 *
 * Plain SIMD has no dot of bytes: it widens, and a quad needs two sums, [k0 k0 k1 k1] and [k2 k2 k3 k3], joined at the end.
 */
import { KEY_INDEX_BITS } from '../gen/constants';

/** Low bits of a key: room for 64 centroids, and scores of 24 bits leave a key of 30. A constant, since a variable shift costs 4 instructions. */
// @ts-ignore: decorator
@inline
export const INDEX_MASK: i32 = (1 << KEY_INDEX_BITS) - 1;

/** The four taps of one position at `from`, in the form that `low` and `high` multiply. */
// @ts-ignore: decorator
@inline
function taps(from: usize): v128 {
  const bytes = v128.load32_splat(from);
  if (ASC_FEATURE_RELAXED_SIMD) return bytes;
  return i16x8.extend_low_i8x16_u(bytes);
}

// @ts-ignore: decorator
@inline
function low(weights: usize, x: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(weights), x, sum);
  return i32x4.add(sum, i32x4.dot_i16x8_s(v128.load8x8_s(weights), x));
}

// @ts-ignore: decorator
@inline
function high(weights: usize, x: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return sum;
  return i32x4.add(sum, i32x4.dot_i16x8_s(v128.load8x8_s(weights, 8), x));
}

/**
 * Pair sums of one step in i16: half the instructions of a four-tap dot where the processor has no instruction for that. Sums of
 * several steps stay exact only for weights that planning found small enough (`unit` is not 0).
 */
// @ts-ignore: decorator
@inline
function pairs(weights: usize, x: v128): v128 {
  return i16x8.relaxed_dot_i8x16_i7x16_s(v128.load(weights), x);
}

/** The higher of `best` and the key of a finished sum. */
// @ts-ignore: decorator
@inline
function rank(best: v128, low: v128, high: v128, bias: v128): v128 {
  let sum = low;
  if (!ASC_FEATURE_RELAXED_SIMD) {
    sum = i32x4.add(v128.shuffle<i32>(low, high, 0, 2, 4, 6), v128.shuffle<i32>(low, high, 1, 3, 5, 7));
  }
  return i32x4.max_s(best, i32x4.add(i32x4.shl(sum, KEY_INDEX_BITS), bias));
}

/** `rank` of i16 pair sums: a product with `units` = 64 adds and shifts them at once. Not a constant: V8 would load that anew each time. */
// @ts-ignore: decorator
@inline
function rankPairs(best: v128, sums: v128, bias: v128, units: v128): v128 {
  return i32x4.max_s(best, i32x4.add(i32x4.dot_i16x8_s(sums, units), bias));
}

/** [max of a | max of b | max of c | max of d] over the four lanes of each. */
// @ts-ignore: decorator
@inline
function reduce(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.max_s(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = i32x4.max_s(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return i32x4.max_s(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(ab, cd, 1, 3));
}

/**
 * Codes of `count` positions of one codebook.
 *
 * @param input      tap t of step s of position p is the byte at input + positions[p] + steps[s] + t
 * @param positions  i32 [count, rounded up to 4]
 * @param stepTable  i32 [steps]
 * @param unit       64 when every sum of pairs over all steps fits i16, else 0
 * @param codes      code of position p goes to codes + codeOffsets[p]
 */
export function search(
  input: usize,
  positions: usize,
  stepTable: usize,
  weights: usize,
  quads: i32,
  steps: i32,
  unit: i32,
  codes: usize,
  codeOffsets: usize,
  count: i32,
): void {
  const zero = i32x4.splat(0);
  const mask = i32x4.splat(INDEX_MASK);
  const units = i16x8.splat(<i16>unit);
  const step0 = load<i32>(stepTable);
  const quadBytes = (steps << 4) + 16;
  for (let p = 0; p < count; p += 4) {
    let best0 = i32x4.splat(i32.MIN_VALUE);
    let best1 = best0;
    let best2 = best0;
    let best3 = best0;
    // Two positions at a time share every load of weights and leave registers for their taps.
    for (let half = 0; half < 2; half++) {
      const a = input + load<i32>(positions + ((p + 2 * half) << 2));
      const b = input + load<i32>(positions + ((p + 2 * half) << 2), 4);
      let bestA = i32x4.splat(i32.MIN_VALUE);
      let bestB = bestA;
      let w = weights;
      if (steps == 1) {
        const a0 = taps(a + step0);
        const b0 = taps(b + step0);
        for (let quad = 0; quad < quads; quad++) {
          const bias = v128.load(w, 16);
          if (ASC_FEATURE_RELAXED_SIMD) {
            bestA = rankPairs(bestA, pairs(w, a0), bias, units);
            bestB = rankPairs(bestB, pairs(w, b0), bias, units);
          } else {
            bestA = rank(bestA, low(w, a0, zero), high(w, a0, zero), bias);
            bestB = rank(bestB, low(w, b0, zero), high(w, b0, zero), bias);
          }
          w += 32;
        }
      } else if (ASC_FEATURE_RELAXED_SIMD && unit != 0) {
        for (let quad = 0; quad < quads; quad++) {
          let sumA = zero;
          let sumB = zero;
          for (let step = 0; step < steps; step++) {
            const offset = load<i32>(stepTable + (step << 2));
            sumA = i16x8.add(sumA, pairs(w, taps(a + offset)));
            sumB = i16x8.add(sumB, pairs(w, taps(b + offset)));
            w += 16;
          }
          const bias = v128.load(w);
          bestA = rankPairs(bestA, sumA, bias, units);
          bestB = rankPairs(bestB, sumB, bias, units);
          w += 16;
        }
      } else {
        for (let quad = 0; quad < quads; quad++) {
          let lowA = zero;
          let lowB = zero;
          let highA = zero;
          let highB = zero;
          for (let step = 0; step < steps; step++) {
            const offset = load<i32>(stepTable + (step << 2));
            const tapsA = taps(a + offset);
            const tapsB = taps(b + offset);
            lowA = low(w, tapsA, lowA);
            highA = high(w, tapsA, highA);
            lowB = low(w, tapsB, lowB);
            highB = high(w, tapsB, highB);
            w += 16;
          }
          const bias = v128.load(w);
          bestA = rank(bestA, lowA, highA, bias);
          bestB = rank(bestB, lowB, highB, bias);
          w += 16;
        }
      }
      if (half == 0) {
        best0 = bestA;
        best1 = bestB;
      } else {
        best2 = bestA;
        best3 = bestB;
      }
    }
    const keys = v128.and(reduce(best0, best1, best2, best3), mask);
    storeCodes(i32x4.sub(mask, keys), codes, codeOffsets + (p << 2), min(4, count - p));
  }
}

/** Four codes in i32 lanes to four places, the first `valid` of them real. */
// @ts-ignore: decorator
@inline
export function storeCodes(four: v128, codes: usize, offsets: usize, valid: i32): void {
  const first = load<i32>(offsets);
  if (valid == 4 && load<i32>(offsets, 12) - first == 3) {
    const bytes = i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(four, four), four);
    store<i32>(codes + first, i32x4.extract_lane(bytes, 0));
    return;
  }
  store<u8>(codes + first, i32x4.extract_lane(four, 0));
  if (valid > 1) store<u8>(codes + load<i32>(offsets, 4), i32x4.extract_lane(four, 1));
  if (valid > 2) store<u8>(codes + load<i32>(offsets, 8), i32x4.extract_lane(four, 2));
  if (valid > 3) store<u8>(codes + load<i32>(offsets, 12), i32x4.extract_lane(four, 3));
}
