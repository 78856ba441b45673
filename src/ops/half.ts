import { roundHalfEven } from '../rounding.js';

/** IEEE 754 binary16, stored as raw bits. */

const SMALLEST_NORMAL = 2 ** -14;
const SMALLEST_SUBNORMAL = 2 ** -24;
/** Halfway between the largest finite value (65504) and 2^16: from here on a number rounds to infinity. */
const OVERFLOW = 65520;

/** Exact values of half-precision bits. */
export function decodeHalf(bits: Uint16Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(bits, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 31;
    const fraction = half & 0x3ff;
    if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
    return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * SMALLEST_SUBNORMAL);
  });
}

/** Rounds every number to the nearest half, ties to even, directly from double precision. */
export function encodeHalf(values: ArrayLike<number>, bits: Uint16Array): void {
  for (let i = 0; i < bits.length; i++) {
    const value = values[i]!;
    const magnitude = Math.abs(value);
    const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
    if (!(magnitude < OVERFLOW)) bits[i] = Number.isNaN(value) ? 0x7e00 : sign | 0x7c00;
    else if (magnitude < SMALLEST_NORMAL) bits[i] = sign | roundHalfEven(magnitude / SMALLEST_SUBNORMAL);
    else {
      const exponent = Math.floor(Math.log2(magnitude));
      // log2 may round up to the next integer just below a power of two.
      const scale = 2 ** (magnitude < 2 ** exponent ? exponent - 1 : exponent);
      // A fraction that rounds up to 1024 carries into the exponent, which is what the sum does.
      bits[i] = sign | (((Math.log2(scale) + 15) << 10) + roundHalfEven((magnitude / scale - 1) * 1024));
    }
  }
}
