import type { CentroidSearch, EncoderLayer } from './layers.js';

/**
 * Temperature that an encoder starts with, in integer score units: the geometric mean over its codebooks of the mean lead of a score weight row's own centroid over the next best. Scores are
 * quadratic forms (encoder.ts of the converter), so at centroid p the lead over p' is the squared distance between them: a softmax at this
 * temperature sees about the nearest neighbours. Training is insensitive to it over a factor of 16.
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
