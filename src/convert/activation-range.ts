import { type ActivationScale, quantizeActivation } from '../lut/activation.js';
import { MAX_ACTIVATION } from '../lut/limits.js';
import { roundHalfEven } from '../rounding.js';

/** Fractions of the observed range tried as clipping points. */
const CLIPS = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3];

/**
 * Chooses the range of 7-bit activations with the least squared error over a sample, among the whole observed range and smaller ones.
 * Clipping a few outliers gives all other values a finer scale.
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
    const scale = Math.fround(((high - low) * clip) / MAX_ACTIVATION) || 2 ** -126;
    const candidate = { scale, zeroPoint: Math.min(MAX_ACTIVATION, Math.max(0, roundHalfEven((-low * clip) / scale))) };
    let error = 0;
    for (const x of sample) error += (x - (quantizeActivation(x, candidate) - candidate.zeroPoint) * scale) ** 2;
    if (error < bestError) {
      bestError = error;
      best = candidate;
    }
  }
  return best ?? { scale: 1, zeroPoint: 0 };
}
