import type { Targets } from './targets.js';

/** Mean and variance of every channel. @param values [N, O] */
export function channelMoments(values: Float32Array, O: number): { mean: Float64Array; variance: Float64Array } {
  const n = values.length / O;
  const mean = new Float64Array(O);
  const variance = new Float64Array(O);
  for (let i = 0; i < values.length; i++) mean[i % O]! += values[i]! / n;
  for (let i = 0; i < values.length; i++) variance[i % O]! += (values[i]! - mean[i % O]!) ** 2 / n;
  return { mean, variance };
}

/**
 * Squared error over the variance of the targets around their channel means; both behind the ReLU where one follows.
 * @param predicted [N, O] what the layer computes
 */
export function relativeError(predicted: Float32Array, { targets, beforeRelu }: Targets, O: number): number {
  if (beforeRelu) {
    const after = predicted.map((y, i) => Math.max(0, y + beforeRelu[i]! - targets[i]!));
    return relativeError(after, { targets: beforeRelu.map((y) => Math.max(0, y)) }, O);
  }
  const { variance } = channelMoments(targets, O);
  let error = 0;
  for (let i = 0; i < targets.length; i++) error += (targets[i]! - predicted[i]!) ** 2;
  const total = variance.reduce((sum, x) => sum + x, 0) * (targets.length / O);
  return total > 0 ? error / total : error > 0 ? Infinity : 0;
}
