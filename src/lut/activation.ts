import { MAX_LEVEL } from '../graph/lookup.js';

/** Quantization of one activation tensor to 0..127. */
export interface ActivationScale {
  /** float32, > 0 */
  readonly scale: number;
  /** 0..127; 0 when the values are never negative. */
  readonly zeroPoint: number;
}

/** Fractions of the observed range tried as clipping points. */
const CLIPS = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3];

/** Rounds halves to even, as IEEE-754 does. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** `q − zero point` for one value: the integer that the scores of Encode and the weights of QuantizedConv multiply. NaN gives −zero point. */
export function quantizeActivation(x: number, { scale, zeroPoint }: ActivationScale): number {
  const q = roundHalfEven(Math.fround(Math.fround(x) / scale)) + zeroPoint;
  return (q > 0 ? Math.min(MAX_LEVEL, q) : 0) - zeroPoint;
}

/**
 * Chooses the range of 7-bit activations with the least squared error over a sample, among the whole observed range and smaller ones:
 * a few outliers should not cost every other value its resolution.
 * @param sample finite activation values, any number
 */
export function fitActivationScale(sample: Float32Array): ActivationScale {
  let low = 0;
  let high = 0;
  for (const x of sample) {
    if (x < low) low = x;
    if (x > high) high = x;
  }
  if (high - low === 0) return { scale: 1, zeroPoint: 0 };
  let best: ActivationScale | undefined;
  let bestError = Infinity;
  for (const clip of CLIPS) {
    const scale = Math.fround(((high - low) * clip) / MAX_LEVEL) || 2 ** -126;
    const candidate = { scale, zeroPoint: Math.min(MAX_LEVEL, Math.max(0, Math.round((-low * clip) / scale))) };
    let error = 0;
    for (const x of sample) error += (x - quantizeActivation(x, candidate) * scale) ** 2;
    if (error < bestError) {
      bestError = error;
      best = candidate;
    }
  }
  return best ?? { scale: 1, zeroPoint: 0 };
}
