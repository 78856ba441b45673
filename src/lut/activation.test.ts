import { describe, expect, it } from 'vitest';
import { fitActivationScale, quantizeActivation, roundHalfEven } from './activation.js';

describe('activation quantization', () => {
  it('rounds halves to even', () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.4, 2.6].map(roundHalfEven)).toEqual([0, 2, 2, 0, -2, 2, 3]);
  });

  it('follows the operator: 7 bits, zero point taken out, NaN as q = 0', () => {
    const scale = { scale: 0.5, zeroPoint: 20 };
    expect([0, 1, -3, 1000, -1000].map((x) => quantizeActivation(x, scale))).toEqual([0, 2, -6, 107, -20]);
    expect(quantizeActivation(Number.NaN, scale)).toBe(-20);
  });

  it('uses zero point 0 for values that are never negative', () => {
    const { scale, zeroPoint } = fitActivationScale(Float32Array.from({ length: 1000 }, (_, i) => i / 100));
    expect(zeroPoint).toBe(0);
    expect(scale).toBeCloseTo(9.99 / 127, 5);
  });

  it('covers negative values with a zero point', () => {
    const scale = fitActivationScale(Float32Array.from({ length: 1000 }, (_, i) => i / 250 - 2));
    for (const x of [-2, -1, 0, 1, 1.99])
      expect(Math.abs(quantizeActivation(x, scale) * scale.scale - x)).toBeLessThan(0.02);
  });

  it('clips one far outlier rather than coarsen everything', () => {
    const values = Float32Array.from({ length: 60000 }, (_, i) => (i % 1000) / 1000);
    values[5] = 3;
    expect(fitActivationScale(values).scale).toBeLessThan((0.85 * 3) / 127);
  });

  it('survives values that are all zero', () => {
    expect(fitActivationScale(new Float32Array(8))).toEqual({ scale: 1, zeroPoint: 0 });
  });
});
