import { describe, expect, it } from 'vitest';
import { quantizeActivation } from '../lut/activation.js';
import { fitActivationScale } from './activation-range.js';

describe('fitActivationScale', () => {
  it('uses zero point 0 for values that are never negative', () => {
    const { scale, zeroPoint } = fitActivationScale(Float32Array.from({ length: 1000 }, (_, i) => i / 100));
    expect(zeroPoint).toBe(0);
    expect(scale).toBeCloseTo(9.99 / 127, 5);
  });

  it('covers negative values with a zero point', () => {
    const scale = fitActivationScale(Float32Array.from({ length: 1000 }, (_, i) => i / 250 - 2));
    for (const x of [-2, -1, 0, 1, 1.99])
      expect(Math.abs((quantizeActivation(x, scale) - scale.zeroPoint) * scale.scale - x)).toBeLessThan(0.02);
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
