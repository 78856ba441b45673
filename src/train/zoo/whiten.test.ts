import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../convert/random.js';
import { whiteningFilters } from './whiten.js';

describe('whiteningFilters', () => {
  it('gives outputs of variance 1 without correlation, and their negatives', () => {
    const [N, C, side] = [40, 2, 8];
    const random = seededRandom(3);
    const data = new Float32Array(N * C * side * side);
    // Neighbors and channels go together, as in images.
    for (let i = 0; i < data.length; i++) data[i] = 0.9 * (data[i - 1] ?? 0) + random() - 0.5;
    const inputs = { type: 'float32', dims: [N, C, side, side], data } as const;
    const filters = whiteningFilters(inputs, [2, 2], 8);
    expect(filters.dims).toEqual([8, C, 2, 2]);
    const w = filters.data as Float32Array;
    expect([...w.subarray(32)]).toEqual([...w.subarray(0, 32)].map((x) => -x));
    const outputs: number[][] = [];
    for (let n = 0; n < N; n++)
      for (let y = 0; y + 2 <= side; y += 2)
        for (let x = 0; x + 2 <= side; x += 2)
          outputs.push(
            Array.from({ length: 4 }, (_, f) => {
              let sum = 0;
              for (let c = 0; c < C; c++)
                for (let i = 0; i < 2; i++)
                  for (let j = 0; j < 2; j++)
                    sum += w[((f * C + c) * 2 + i) * 2 + j]! * data[((n * C + c) * side + y + i) * side + x + j]!;
              return sum;
            }),
          );
    const mean = (f: (row: number[]) => number) => outputs.reduce((sum, row) => sum + f(row), 0) / outputs.length;
    for (let a = 0; a < 4; a++) {
      for (let b = 0; b <= a; b++) {
        const covariance = mean((row) => row[a]! * row[b]!) - mean((row) => row[a]!) * mean((row) => row[b]!);
        // The floor under small eigenvalues keeps variances a little below 1.
        if (a === b) expect(covariance).toBeGreaterThan(0.9);
        expect(Math.abs(covariance - (a === b ? 1 : 0))).toBeLessThan(a === b ? 0.1 : 1e-5);
      }
    }
  });
});
