import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../convert/random.js';
import { fitCentroids } from './encoder.js';
import { outputMetric, toMetricSpace } from './metric.js';

const v = 6;
const K = 16;
const random = seededRandom(11);
const weights = Float32Array.from({ length: 20 * v }, () => random() - 0.5);
const { metric } = outputMetric([weights], v);
const points = Float32Array.from({ length: 2000 * v }, () => Math.max(0, Math.round((random() - 0.4) * 127)));

function form(difference: number[]): number {
  let sum = 0;
  for (let i = 0; i < v; i++) for (let j = 0; j < v; j++) sum += difference[i]! * metric[i * v + j]! * difference[j]!;
  return sum;
}

describe('outputMetric', () => {
  it('is the error of the output plus a tenth of the mean, normalized', () => {
    const difference = [1, -2, 0.5, 3, 0, -1];
    let output = 0;
    let energy = 0;
    for (let o = 0; o < 20; o++) {
      const dot = difference.reduce((sum, d, j) => sum + d * weights[o * v + j]!, 0);
      output += dot ** 2;
    }
    for (const w of weights) energy += w ** 2 / v;
    const length = difference.reduce((sum, d) => sum + d * d, 0);
    expect(form(difference)).toBeCloseTo((output + 0.1 * energy * length) / (1.1 * energy), 4);
  });

  it('is the Euclidean length in metric space', () => {
    const difference = Float32Array.of(1, -2, 0.5, 3, 0, -1);
    const mapped = toMetricSpace(metric, difference, v);
    expect(mapped.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(form([...difference]), 4);
  });

  it('falls back to plain distance for weights that are all zero', () => {
    const { metric: identity } = outputMetric([new Float32Array(8)], 2);
    expect([...identity]).toEqual([1, 0, 0, 1]);
  });
});

describe('fitCentroids', () => {
  const book = fitCentroids(points, metric, v, 3, K, 10, random);

  it('keeps the ranges of the operator', () => {
    expect(Math.max(...book.weights.map(Math.abs))).toBeLessThanOrEqual(127);
    expect(Math.max(...book.biases.map(Math.abs))).toBeLessThanOrEqual(2 ** 22);
    expect(v * 127 * 127 + Math.max(...book.biases.map(Math.abs))).toBeLessThan(2 ** 24);
  });

  it('lets the search add pairs in 16 bits', () => {
    // Two rows of three: taps 0, 1 of both rows meet in one lane, tap 2 of both in the other.
    for (const lane of [
      [0, 1, 3, 4],
      [2, 5],
    ]) {
      for (let k = 0; k < K; k++) {
        const lanes = lane.map((j) => book.weights[k * v + j]!);
        expect(127 * lanes.reduce((sum, w) => sum + Math.max(0, w), 0)).toBeLessThan(2 ** 15);
        expect(127 * lanes.reduce((sum, w) => sum + Math.max(0, -w), 0)).toBeLessThan(2 ** 15);
      }
    }
  });

  it('uses the whole range where the lanes allow it', () => {
    const single = fitCentroids(
      Float32Array.from({ length: 100 }, (_, i) => i),
      Float64Array.of(1),
      1,
      1,
      8,
      5,
      random,
    );
    expect(Math.max(...single.weights.map(Math.abs))).toBe(127);
  });

  it('picks, with integers, a centroid hardly farther than the nearest in the metric', () => {
    let chosen = 0;
    let nearest = 0;
    for (let i = 0; i < 500; i++) {
      const distances = Array.from({ length: K }, (_, k) =>
        form(Array.from({ length: v }, (_, j) => points[i * v + j]! - book.centroids[k * v + j]!)),
      );
      const scores = Array.from({ length: K }, (_, k) => {
        let score = book.biases[k]!;
        for (let j = 0; j < v; j++) score += book.weights[k * v + j]! * points[i * v + j]!;
        return score;
      });
      chosen += distances[scores.indexOf(Math.max(...scores))]!;
      nearest += Math.min(...distances);
    }
    expect(chosen / nearest).toBeLessThan(1.01);
  });
});
