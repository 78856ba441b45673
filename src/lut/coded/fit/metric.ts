import { choleskyInPlace } from '../../../convert/linear-algebra.js';

/** Added to the diagonal as a fraction of its mean, so that directions the weights ignore still count a little. */
const REGULARIZATION = 0.1;

/**
 * The quadratic form in which an error of a codebook's values is an error of the layer's output: `(a−p)ᵀ M (a−p)` is
 * `Σ ‖W (a−p)‖²` over the weight slices that read the codebook, plus a multiple of the identity. Normalized to mean diagonal 1.
 * @param slices weight slices, each [O_s, v]: one per lookup tap and per layer that shares the codes
 * @returns the metric [v, v], and what it was divided by
 */
export function outputMetric(
  slices: readonly Float32Array[],
  v: number,
): { readonly metric: Float64Array; readonly magnitude: number } {
  const metric = new Float64Array(v * v);
  for (const slice of slices) {
    for (let row = 0; row < slice.length; row += v) {
      for (let i = 0; i < v; i++) {
        const w = slice[row + i]!;
        for (let j = 0; j <= i; j++) metric[i * v + j]! += w * slice[row + j]!;
      }
    }
  }
  let trace = 0;
  for (let i = 0; i < v; i++) trace += metric[i * v + i]!;
  const mean = trace / v;
  // An all-zero slice (a pruned channel) has no preference: plain Euclidean distance.
  const scale = mean > 0 ? 1 / (mean * (1 + REGULARIZATION)) : 0;
  const ridge = mean > 0 ? REGULARIZATION / (1 + REGULARIZATION) : 1;
  for (let i = 0; i < v; i++) {
    for (let j = 0; j < i; j++) {
      metric[i * v + j]! *= scale;
      metric[j * v + i] = metric[i * v + j]!;
    }
    metric[i * v + i] = metric[i * v + i]! * scale + ridge;
  }
  return { metric, magnitude: mean * (1 + REGULARIZATION) };
}

/**
 * Coordinates in which the metric is the Euclidean one: rows `Lᵀ a` with M = L·Lᵀ.
 * @param metric [v, v]
 * @param points [n, v]
 * @returns [n, v]
 */
export function toMetricSpace(metric: Float64Array, points: Float32Array, v: number): Float32Array {
  const factor = metric.slice();
  choleskyInPlace(factor, v);
  const out = new Float32Array(points.length);
  for (let p = 0; p < points.length; p += v) {
    for (let j = 0; j < v; j++) {
      let sum = 0;
      for (let i = j; i < v; i++) sum += factor[i * v + j]! * points[p + i]!;
      out[p + j] = sum;
    }
  }
  return out;
}
