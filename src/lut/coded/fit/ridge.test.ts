import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../convert/random.js';
import { FitKernels } from './kernels.js';
import { backfit, fitTable } from './ridge.js';
import { addLookups, type CodeSamples, scatterSums } from './samples.js';
import { countPairs, RidgeSolver } from './solver.js';

const proceed = () => undefined;

const kernels = await FitKernels.create();

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
function gradient(table: Float32Array, ridge: number): number {
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
    const at = await countPairs(kernels, data, proceed);
    const counts = kernels.floats(at, data.unknowns ** 2);
    for (let i = 0; i < data.unknowns; i++) {
      for (let j = 0; j < data.unknowns; j++) {
        expect(counts[i * data.unknowns + j]).toBe(G.reduce((sum, row) => sum + row[i]! * row[j]!, 0));
      }
    }
  });

  it('sums the values of the samples that use a row', () => {
    const sums = scatterSums(kernels, data, target, O);
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
    addLookups(kernels, data, table, out, O, 1);
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

  it('finds the minimum by factorization', async () => {
    expect(gradient(await fitTable(kernels, data, target.slice(), O, lambda, proceed), ridge)).toBeLessThan(1e-3);
  });

  it('lowers the error after a ReLU more than a fit of the values before it', async () => {
    const dense = Float32Array.from(target, (y) => 4 * y);
    const errorAfter = (change: Float32Array) => {
      const predicted = new Float32Array(dense.length);
      addLookups(kernels, data, change, predicted, O, 1);
      return predicted.reduce((sum, p, i) => sum + (Math.max(0, p) - Math.max(0, dense[i]!)) ** 2, 0);
    };
    const plain = await fitTable(kernels, data, dense.slice(), O, 0.01, proceed);
    const fitted = await fitTable(kernels, data, dense.slice(), O, 0.01, proceed, dense);
    expect(errorAfter(fitted)).toBeLessThan(0.9 * errorAfter(plain));
  });

  it('approaches it by back-fitting', async () => {
    const table = await backfit(kernels, data, target.slice(), O, ridge, 60, proceed);
    expect(gradient(table, ridge)).toBeLessThan(1e-3);
  });

  it('solves with several panels and odd numbers of rows and right-hand sides', async () => {
    const wide = samples(900, 7, 16, 0.1);
    const { unknowns: D } = wide;
    const R = 5;
    const b = Float32Array.from({ length: R * D }, () => random() - 0.5);
    const mark = kernels.mark();
    const at = await countPairs(kernels, wide, proceed);
    const A = kernels.floats(at, D * D).slice();
    kernels.release(mark);
    const solver = await RidgeSolver.create(kernels, wide, 3, proceed);
    const x = await solver.solve(b, proceed);
    solver.dispose();
    expect(kernels.mark()).toBe(mark);
    for (let r = 0; r < R; r++) {
      for (let i = 0; i < D; i++) {
        let sum = 3 * x[r * D + i]!;
        for (let j = 0; j < D; j++) sum += A[i * D + j]! * x[r * D + j]!;
        expect(Math.abs(sum - b[r * D + i]!)).toBeLessThan(1e-4);
      }
    }
  });

  it('takes rows that nothing uses, without a ridge', async () => {
    const rows = data.rows.map((row) => (row === 3 ? data.unknowns : row));
    const table = await fitTable(kernels, { ...data, rows }, target.slice(), O, 0, proceed);
    expect(table.every(Number.isFinite)).toBe(true);
  });
});

describe('sums over rows', () => {
  const largest = (is: Float32Array, should: Float64Array) =>
    is.reduce((most, y, i) => Math.max(most, Math.abs(y - should[i]!)), 0);

  it.each([1, 3, 4, 31, 32, 37, 64])('agree with their definition for %i outputs', (outputs) => {
    const odd = samples(515, 3, 4, 0.2);
    const table = Float32Array.from({ length: odd.unknowns * outputs }, () => random() - 0.5);
    const out = Float32Array.from({ length: odd.count * outputs }, () => random() - 0.5);
    const expected = Float64Array.from(out);
    const sums = new Float64Array(table.length);
    odd.rows.forEach((row, i) => {
      if (row === odd.unknowns) return;
      for (let o = 0; o < outputs; o++) {
        const at = Math.floor(i / odd.slots) * outputs + o;
        expected[at]! -= table[row * outputs + o]!;
        sums[row * outputs + o]! += out[at]!;
      }
    });
    const scattered = scatterSums(kernels, odd, out, outputs);
    addLookups(kernels, odd, table, out, outputs, -1);
    expect(largest(out, expected)).toBeLessThan(1e-5);
    expect(largest(scattered, sums)).toBeLessThan(1e-3);
  });
});
