import type { CentroidSearch, EncoderLayer } from './layers.js';

/**
 * Temperature that an encoder starts with, in units of integer scores. At each centroid its own score leads over the next best by the squared
 * distance between the two (fit/encoder.ts). The temperature is the mean lead in a codebook, and of all codebooks the geometric mean. A softmax
 * at this temperature sees about the nearest neighbors. Training hardly depends on it over a factor of 16.
 * @param centroids [B, K, v] in real units
 */
export function initialTemperature(
  encoder: EncoderLayer,
  { weights, biases }: CentroidSearch,
  centroids: Float32Array,
): number {
  const { codebooks: B, centroids: K, values: v, scale } = encoder;
  let logs = 0;
  for (let c = 0; c < B; c++) {
    let sum = 0;
    let count = 0;
    for (let k = 0; k < K; k++) {
      const own = score(k, k);
      let next = -Infinity;
      for (let other = 0; other < K; other++) if (other !== k) next = Math.max(next, score(other, k));
      if (own <= next) continue;
      sum += own - next;
      count++;
    }
    // Codebooks whose centroids all tie have no preference.
    logs += count > 0 ? Math.log(sum / count) : 0;

    function score(row: number, point: number): number {
      let total = biases[c * K + row]!;
      for (let j = 0; j < v; j++) {
        total += (weights[(c * K + row) * v + j]! * centroids[(c * K + point) * v + j]!) / scale;
      }
      return total;
    }
  }
  return Math.exp(logs / B);
}
