import type { Random } from '../../../convert/random.js';
import { MAX_LANE_WEIGHT, MAX_SCORE_BIAS, MAX_WEIGHT } from '../../limits.js';
import { roundWithin } from '../../tables.js';
import { clusterMeans, kmeans } from './kmeans.js';
import { toMetricSpace } from './metric.js';

/** One codebook of an Encode operator with what it was made from. */
interface CentroidCodebook {
  /** Means of the values of each cluster, in units of x_scale: [K, v]. */
  readonly centroids: Float32Array;
  /** Q: [K, v] */
  readonly weights: Int8Array;
  /** b: [K] */
  readonly biases: Int32Array;
}

/**
 * Learns one codebook. Clusters form in the metric of the layer's output; the score of centroid p is `2·pᵀM·a − pᵀM·p`, so the highest score
 * is the nearest centroid in that metric, at the cost of a plain dot product.
 * @param points [n, v] integer activations `q − zero point`
 * @param metric [v, v]
 * @param columns kw, the width of the codebook's window
 */
export function fitCentroids(
  points: Float32Array,
  metric: Float64Array,
  v: number,
  columns: number,
  K: number,
  iterations: number,
  random: Random,
): CentroidCodebook {
  const { assignment } = kmeans(toMetricSpace(metric, points, v), v, K, iterations, random);
  const { means: centroids, counts } = clusterMeans(points, assignment, v, K);
  // A cluster without points repeats that of the first point, which wins every tie against it.
  const from = assignment[0]! * v;
  for (let k = 0; k < K; k++) if (counts[k] === 0) centroids.copyWithin(k * v, from, from + v);
  return { centroids, ...quantizeScores(centroids, metric, v, columns) };
}

/**
 * Integer scores with the same order as the real ones. Two freedoms buy resolution without changing the winner: a positive factor per
 * codebook, and a linear function of `a` that is the same for every centroid (here the middle of each coordinate's range).
 * The factor also keeps the weights within what the fast kernel of Encode adds without overflow.
 */
function quantizeScores(
  centroids: Float32Array,
  metric: Float64Array,
  v: number,
  columns: number,
): { weights: Int8Array; biases: Int32Array } {
  const K = centroids.length / v;
  const real = new Float64Array(K * v);
  const bias = new Float64Array(K);
  for (let k = 0; k < K; k++) {
    for (let i = 0; i < v; i++) {
      let sum = 0;
      for (let j = 0; j < v; j++) sum += metric[i * v + j]! * centroids[k * v + j]!;
      real[k * v + i] = 2 * sum;
      bias[k]! -= sum * centroids[k * v + i]!;
    }
  }
  for (let i = 0; i < v; i++) {
    let low = Infinity;
    let high = -Infinity;
    for (let k = 0; k < K; k++) {
      low = Math.min(low, real[k * v + i]!);
      high = Math.max(high, real[k * v + i]!);
    }
    for (let k = 0; k < K; k++) real[k * v + i]! -= (low + high) / 2;
  }
  let largest = 0;
  for (const w of real) largest = Math.max(largest, Math.abs(w));
  let low = Infinity;
  let high = -Infinity;
  for (const b of bias) {
    low = Math.min(low, b);
    high = Math.max(high, b);
  }
  const middle = (low + high) / 2;
  const largestBias = Math.max(Math.abs(low - middle), Math.abs(high - middle));
  const factor = Math.min(
    MAX_WEIGHT / (largest || 1),
    largestBias > 0 ? (MAX_SCORE_BIAS - 1) / largestBias : Infinity,
    // Rounding adds up to half a unit per weight.
    (MAX_LANE_WEIGHT - v / 2) / (largestLane(real, v, columns) || 1),
  );
  return {
    weights: Int8Array.from(real, (w) => roundWithin(w * factor, MAX_WEIGHT)),
    biases: Int32Array.from(bias, (b) => roundWithin((b - middle) * factor, MAX_SCORE_BIAS)),
  };
}

/** The largest sum of one sign in one lane of the search, which takes four neighbors of a row at a time and adds them in pairs. */
function largestLane(weights: Float64Array, v: number, columns: number): number {
  let largest = 0;
  for (let row = 0; row < weights.length; row += v) {
    // Positive and negative sums of both lanes.
    const sums = [0, 0, 0, 0];
    for (let j = 0; j < v; j++) {
      const w = weights[row + j]!;
      const place = (columns === 1 ? j : j % columns) % 4;
      sums[(place < 2 ? 0 : 2) + (w > 0 ? 0 : 1)]! += Math.abs(w);
    }
    largest = Math.max(largest, ...sums);
  }
  return largest;
}
