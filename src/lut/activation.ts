import { roundHalfEven } from '../rounding.js';
import { MAX_ACTIVATION } from './limits.js';

/** How one activation tensor is quantized to 0..127: real = (stored − zeroPoint) · scale. */
export interface ActivationScale {
  /** float32, > 0 */
  readonly scale: number;
  /** 0..127; 0 when the values are never negative. */
  readonly zeroPoint: number;
}

/**
 * The activation quantizer of every `lutra` operator: x / scale in float32, rounded half to even, plus the zero point, clamped to
 * 0..127. NaN becomes 0. The kernel `quantize`, the epilogues of the kernels and the function bodies compute the same.
 */
export function quantizeActivation(x: number, { scale, zeroPoint }: ActivationScale): number {
  const q = roundHalfEven(Math.fround(Math.fround(x) / scale)) + zeroPoint;
  return q > 0 ? Math.min(MAX_ACTIVATION, q) : 0;
}
