import { describe, expect, it } from 'vitest';
import { createProduct } from './product.js';
import { seededRandom } from './random.js';
import {
  addLookups,
  backfit,
  type CodeSamples,
  conjugateGradients,
  cooccurrence,
  fitTable,
  scatterSums,
} from './ridge.js';

const proceed = () => undefined;

function samples(count: number, slots: number, K: number, outside: number): CodeSamples {
  const random = seededRandom(31);
  const unknowns = slots * K;
  const rows = Uint32Array.from({ length: count * slots }, (_, i) =>
    random() < outside ? unknowns : (i % slots) * K + Math.floor(random() * K),
  );
  return { count, slots, unknowns, rows };
}

/** [N, D] one-hot rows. */
function oneHot({ count, slots, unknowns, rows }: CodeSamples): number[][] {
  return Array.from({ length: count }, (_, n) => {
    const row = new Array<number>(unknowns).fill(0);
    for (let e = 0; e < slots; e++) if (rows[n * slots + e]! < unknowns) row[rows[n * slots + e]!]! += 1;
    return row;
  });
}

const data = samples(400, 5, 4, 0.2);
const G = oneHot(data);
const O = 3;
const random = seededRandom(32);
const target = Float32Array.from({ length: data.count * O }, () => random() - 0.5);

/** Value and gradient of the ridge objective, by definition. */
function gradient(table: Float64Array, ridge: number): number {
  let largest = 0;
  const residual = G.map((row, n) =>
    Array.from({ length: O }, (_, o) => target[n * O + o]! - row.reduce((sum, g, d) => sum + g * table[d * O + o]!, 0)),
  );
  for (let d = 0; d < data.unknowns; d++) {
    for (let o = 0; o < O; o++) {
      const slope = ridge * table[d * O + o]! - G.reduce((sum, row, n) => sum + row[d]! * residual[n]![o]!, 0);
      largest = Math.max(largest, Math.abs(slope));
    }
  }
  return largest;
}

describe('normal equations', () => {
  it('counts pairs of rows used together, without taps outside the image', async () => {
    const counts = await cooccurrence(data, proceed);
    for (let i = 0; i < data.unknowns; i++) {
      for (let j = 0; j < data.unknowns; j++) {
        expect(counts[i * data.unknowns + j]).toBe(G.reduce((sum, row) => sum + row[i]! * row[j]!, 0));
      }
    }
  });

  it('sums the values of the samples that use a row', () => {
    const sums = scatterSums(data, target, O);
    for (let d = 0; d < data.unknowns; d++) {
      expect(sums[d * O + 1]).toBeCloseTo(
        G.reduce((sum, row, n) => sum + row[d]! * target[n * O + 1]!, 0),
        5,
      );
    }
  });

  it('adds the table rows of every sample', () => {
    const table = Float32Array.from({ length: data.unknowns * O }, () => random());
    const out = new Float32Array(data.count * O);
    addLookups(data, table, out, O, 1);
    for (let n = 0; n < data.count; n++) {
      expect(out[n * O + 2]).toBeCloseTo(
        G[n]!.reduce((sum, g, d) => sum + g * table[d * O + 2]!, 0),
        5,
      );
    }
  });
});

describe('ridge regression', () => {
  const lambda = 0.1;
  const ridge = (lambda * data.count * data.slots) / data.unknowns;

  it('finds the minimum by factorisation', async () => {
    expect(gradient(await fitTable(data, target.slice(), O, lambda, proceed), ridge)).toBeLessThan(1e-4);
  });

  it('lowers the error after a rectifier more than a fit of the values before it', async () => {
    const dense = Float32Array.from(target, (y) => 4 * y);
    const errorAfter = (change: Float64Array) => {
      const predicted = new Float32Array(dense.length);
      addLookups(data, Float32Array.from(change), predicted, O, 1);
      return predicted.reduce((sum, p, i) => sum + (Math.max(0, p) - Math.max(0, dense[i]!)) ** 2, 0);
    };
    const plain = await fitTable(data, dense.slice(), O, 0.01, proceed);
    const rectified = await fitTable(data, dense.slice(), O, 0.01, proceed, dense);
    expect(errorAfter(rectified)).toBeLessThan(0.9 * errorAfter(plain));
  });

  it('approaches it by conjugate gradients', async () => {
    const sums = scatterSums(data, target, O);
    const right = new Float64Array(sums.length);
    for (let d = 0; d < data.unknowns; d++) for (let o = 0; o < O; o++) right[o * data.unknowns + d] = sums[d * O + o]!;
    const counts = await cooccurrence(data, proceed);
    const { unknowns: D } = data;
    const diagonal = Float64Array.from({ length: D }, (_, i) => counts[i * D + i]!);
    const product = await createProduct(counts, D, O);
    const multiply = (rows: Float32Array) => product.multiply(rows);
    const x = await conjugateGradients(diagonal, multiply, ridge, right, O, 40, 1e-9, proceed);
    product.dispose();
    const table = new Float64Array(x.length);
    for (let d = 0; d < data.unknowns; d++) for (let o = 0; o < O; o++) table[d * O + o] = x[o * data.unknowns + d]!;
    expect(gradient(table, ridge)).toBeLessThan(1e-4);
  });

  it('approaches it by back-fitting', async () => {
    const table = await backfit(data, target.slice(), O, ridge, 60, proceed);
    expect(gradient(table, ridge)).toBeLessThan(1e-3);
  });
});
