import { describe, expect, it } from 'vitest';
import { seededRandom } from '../convert/random.js';
import { centreTable, permute, quantizePerOutput, roundWithin } from './tables.js';

const random = seededRandom(91);

describe('roundWithin', () => {
  it.each([
    [0.5, 0],
    [1.5, 2],
    [-2.5, -2],
    // 0.5 in float32
    [0.50000001, 0],
    [300, 127],
    [-300, -127],
  ])('rounds %f to %i', (x, expected) => {
    expect(roundWithin(x, 127) + 0).toBe(expected);
  });
});

describe('quantizePerOutput', () => {
  it('uses the whole range of every output, whatever the order', () => {
    const rows = Float32Array.of(1, -4, 2, 0.5, 0, 0);
    const columns = permute(rows, [3, 2], [1, 0]);
    const [a, b] = [quantizePerOutput(rows, 3, 2), quantizePerOutput(columns, 3, 1)];
    expect([...a.integers]).toEqual([32, -127, 127, 32, 0, 0]);
    expect([...a.scale]).toEqual([Math.fround(4 / 127), Math.fround(2 / 127), 1]);
    expect(b.scale).toEqual(a.scale);
    expect(permute(b.integers, [2, 3], [1, 0])).toEqual(a.integers);
  });

  it('has smaller entries where it is told', () => {
    expect([...quantizePerOutput(Float32Array.of(3, -1.5), 1, 1, 31).integers]).toEqual([31, -16]);
  });
});

describe('centreTable', () => {
  it.each([
    ['[codebooks, K, outputs]', 1, 3, (c: number, k: number, o: number) => (c * 4 + k) * 3 + o],
    ['[outputs, codebooks, K]', 8, 1, (c: number, k: number, o: number) => (o * 2 + c) * 4 + k],
  ])('changes no sum of one entry per codebook in order %s', (_, stride, codeStride, at) => {
    const table = Float32Array.from({ length: 24 }, () => random() + 1);
    const centred = table.slice();
    const bias = Float32Array.of(1, 2, 3);
    centreTable(centred, bias, 4, stride, codeStride);
    for (let o = 0; o < 3; o++) {
      const sum = (values: Float32Array, first: number) => first + values[at(0, 3, o)]! + values[at(1, 1, o)]!;
      expect(sum(centred, bias[o]!)).toBeCloseTo(sum(table, o + 1), 5);
      const mean = [0, 1, 2, 3].reduce((total, k) => total + centred[at(1, k, o)]!, 0);
      expect(mean).toBeCloseTo(0, 5);
    }
  });
});

describe('permute', () => {
  it('moves axes', () => {
    const data = Float32Array.from({ length: 24 }, (_, i) => i);
    const moved = permute(data, [2, 3, 4], [2, 0, 1]);
    for (let i = 0; i < 2; i++) {
      for (let j = 0; j < 3; j++)
        for (let k = 0; k < 4; k++) expect(moved[(k * 2 + i) * 3 + j]).toBe(data[(i * 3 + j) * 4 + k]);
    }
  });
});
