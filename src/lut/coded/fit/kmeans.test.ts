import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../convert/random.js';
import { kmeans } from './kmeans.js';

function points(n: number, v: number, seed: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: n * v }, () => random());
}

function distance(a: Float32Array, i: number, b: Float32Array, k: number, v: number): number {
  let sum = 0;
  for (let j = 0; j < v; j++) sum += (a[i * v + j]! - b[k * v + j]!) ** 2;
  return sum;
}

describe('kmeans', () => {
  it('assigns every point to its nearest centre and reports the mean squared distance', () => {
    const [n, v, K] = [203, 3, 8];
    const data = points(n, v, 1);
    const { centres, assignment, error } = kmeans(data, v, K, 20, seededRandom(2));
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const all = Array.from({ length: K }, (_, k) => distance(data, i, centres, k, v));
      expect(all[assignment[i]!]).toBeCloseTo(Math.min(...all), 5);
      sum += Math.min(...all);
    }
    expect(error).toBeCloseTo(sum / n, 5);
  });

  it('leaves every centre at the mean of its points once it has converged', () => {
    const [n, v, K] = [150, 2, 5];
    const data = points(n, v, 3);
    const { centres, assignment } = kmeans(data, v, K, 200, seededRandom(4));
    for (let k = 0; k < K; k++) {
      for (let j = 0; j < v; j++) {
        const own = Array.from(assignment.keys()).filter((i) => assignment[i] === k);
        const mean = own.reduce((sum, i) => sum + data[i * v + j]!, 0) / own.length;
        expect(centres[k * v + j]).toBeCloseTo(mean, 4);
      }
    }
  });

  it('finds separated clusters exactly', () => {
    const data = Float32Array.from({ length: 64 }, (_, i) => (i % 4) * 10);
    const { error } = kmeans(data, 1, 4, 10, seededRandom(5));
    expect(error).toBeCloseTo(0, 6);
  });

  it('survives fewer distinct points than clusters', () => {
    const { error, centres } = kmeans(new Float32Array(20).fill(2), 2, 8, 3, seededRandom(6));
    expect(error).toBe(0);
    expect(centres.every(Number.isFinite)).toBe(true);
  });

  it('repeats itself with the same seed', () => {
    const data = points(100, 4, 7);
    expect(kmeans(data, 4, 6, 5, seededRandom(8))).toEqual(kmeans(data, 4, 6, 5, seededRandom(8)));
  });
});
