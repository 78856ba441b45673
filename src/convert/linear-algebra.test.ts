import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choleskyInPlace, choleskySolve, subtractProduct } from './linear-algebra.js';
import { seededRandom } from './random.js';

function randomArray(n: number, seed: number): Float64Array {
  const random = seededRandom(seed);
  return Float64Array.from({ length: n }, () => random() * 2 - 1);
}

describe('subtractProduct', () => {
  it('equals three loops for odd sizes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 11 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: 13 }),
        (m, n, k) => {
          const a = randomArray(m * k, 1);
          const b = randomArray(n * k, 2);
          const c = randomArray(m * n, 3);
          const expected = c.slice();
          for (let i = 0; i < m; i++) {
            for (let j = 0; j < n; j++)
              for (let d = 0; d < k; d++) expected[i * n + j]! -= a[i * k + d]! * b[j * k + d]!;
          }
          const [left, right] = [a, b].map((data) => ({ data, stride: k }));
          subtractProduct({ data: c, stride: n }, left!, right!, [0, m], [0, n], k);
          c.forEach((x, i) => {
            expect(x).toBeCloseTo(expected[i]!, 10);
          });
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('choleskySolve', () => {
  it.each([1, 5, 48, 49, 103])('solves a system of size %i', (size) => {
    const columns = 7;
    const root = randomArray(size * size, size);
    const a = new Float64Array(size * size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        for (let k = 0; k < size; k++) a[i * size + j]! += root[i * size + k]! * root[j * size + k]!;
      }
      a[i * size + i]! += 1;
    }
    const b = randomArray(columns * size, 5);
    const factor = a.slice();
    const x = b.slice();
    choleskyInPlace(factor, size);
    choleskySolve(factor, size, x, columns);
    for (let o = 0; o < columns; o++) {
      for (let i = 0; i < size; i++) {
        let sum = 0;
        for (let j = 0; j < size; j++) sum += a[i * size + j]! * x[o * size + j]!;
        expect(sum).toBeCloseTo(b[o * size + i]!, 8);
      }
    }
  });

  it('refuses a matrix that is not positive definite', () => {
    expect(() => choleskyInPlace(Float64Array.of(1, 2, 2, 1), 2)).toThrow('not positive definite');
  });
});
