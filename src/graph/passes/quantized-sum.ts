import { roundHalfEven } from '../../rounding.js';
import type { QuantizedValue } from './quantized-values.js';

/** `round(a · left + b · right + shift)` for quantized values a and b, each step in single precision. */
export interface SumFactors {
  readonly left: number;
  readonly right: number;
  readonly shift: number;
}

/** A sum that lies so near the middle of two integers that rounding errors decide. */
interface Tie {
  readonly a: number;
  readonly b: number;
  readonly result: number;
}

/** Errors of single precision stay far below this where quantized values are bytes. */
const NEAR = 1e-4;
/** The distance between single-precision numbers from 32 to 64. */
const SHIFT = 2 ** -18;
/** The distance between single-precision numbers from 1 to 2. */
const ULP = 2 ** -23;

/** 0, 1, −1, 2, −2, … */
const around = (most: number): number[] =>
  Array.from({ length: 2 * most + 1 }, (_, i) => (i % 2 === 0 ? 0 - i / 2 : (i + 1) / 2));

/**
 * Factors with which the sum of two quantized values becomes the integer that onnxruntime's kernel for x86 computes, for every pair of
 * bytes. That kernel multiplies and adds the stored integers, zero points included, with one rounding each (fused multiply-add), so
 * that a sum near the middle of two integers may fall to either side. There are a handful of such pairs: the smallest change of the
 * factors that puts each on the same side is searched.
 */
export function sumFactors(a: QuantizedValue, b: QuantizedValue, sum: QuantizedValue): SumFactors {
  const left = Math.fround(a.scale / sum.scale);
  const right = Math.fround(b.scale / sum.scale);
  const ties = nearTies(a, b, sum, left, right);
  let best = { left, right, shift: 0 };
  let least = differing(best, ties, ties.length + 1);
  for (const first of around(3)) {
    for (const second of around(3)) {
      for (const step of around(16)) {
        if (least === 0) return best;
        const factors = {
          left: Math.fround(left * (1 + first * ULP)),
          right: Math.fround(right * (1 + second * ULP)),
          shift: step * SHIFT,
        };
        const count = differing(factors, ties, least);
        if (count < least) [best, least] = [factors, count];
      }
    }
  }
  return best;
}

function nearTies(a: QuantizedValue, b: QuantizedValue, sum: QuantizedValue, left: number, right: number): Tie[] {
  const zeros = Math.fround(left * a.zero + Math.fround(right * b.zero));
  const fixed = Math.fround(sum.zero - zeros);
  const ties: Tie[] = [];
  for (let i = a.low; i <= a.high; i++) {
    for (let j = b.low; j <= b.high; j++) {
      const exact = i * left + j * right;
      if (exact < sum.low - 1 || exact > sum.high + 1) continue;
      if (Math.abs(exact - Math.floor(exact) - 0.5) > NEAR) continue;
      // Products of a byte and a float32 have 32 bits: double precision adds to them exactly, and `fround` is the one rounding.
      const inner = Math.fround((j + b.zero) * right + fixed);
      const result = roundHalfEven(Math.fround((i + a.zero) * left + inner)) - sum.zero;
      ties.push({ a: i, b: j, result: result });
    }
  }
  return ties;
}

/** How many ties fall to the other side, counted up to `enough`. */
function differing({ left, right, shift }: SumFactors, ties: readonly Tie[], enough: number): number {
  let count = 0;
  for (const { a, b, result } of ties) {
    const sum = Math.fround(Math.fround(Math.fround(a * left) + Math.fround(b * right)) + shift);
    if (roundHalfEven(sum) !== result && ++count === enough) break;
  }
  return count;
}
