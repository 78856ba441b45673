import { describe, expect, it } from 'vitest';
import { quantizeActivation } from './activation.js';

describe('activation quantization', () => {
  it('follows the operator: 7 bits, halves to even, NaN as 0', () => {
    const scale = { scale: 0.5, zeroPoint: 20 };
    expect([0, 1, -3, 1000, -1000].map((x) => quantizeActivation(x, scale))).toEqual([20, 22, 14, 127, 0]);
    expect(quantizeActivation(Number.NaN, scale)).toBe(0);
  });

  it.each([
    [0.25, 0.5, 0, 0],
    [0.75, 0.5, 0, 2],
    [1.25, 0.5, 0, 2],
    [-0.25, 0.5, 3, 3],
    [1e30, 0.5, 0, 127],
    [Number.NEGATIVE_INFINITY, 0.5, 5, 0],
    [Number.NaN, 0.5, 5, 0],
  ])('%d / %d + %d → %d', (x, scale, zero, expected) => {
    expect(quantizeActivation(x, { scale, zeroPoint: zero })).toBe(expected);
  });
});
