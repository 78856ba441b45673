import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { learningRate } from './schedule.js';

describe('learningRate', () => {
  it('one-cycle rises from a fifth of the peak, reaches it after the warm-up and falls in a line', () => {
    const options = { kind: 'one-cycle', peak: 2, warmup: 0.2, end: 0.1 } as const;
    expect(learningRate(options, 0)).toBeCloseTo(0.4);
    expect(learningRate(options, 0.1)).toBeCloseTo(1.2);
    expect(learningRate(options, 0.2)).toBeCloseTo(2);
    expect(learningRate(options, 0.6)).toBeCloseTo(1.1);
    expect(learningRate(options, 1)).toBeCloseTo(0.2);
  });

  it('cosine starts at nothing, peaks after the warm-up, is half-way in the middle and ends at nothing', () => {
    const options = { kind: 'cosine', peak: 1, warmup: 0.2 } as const;
    expect(learningRate(options, 0)).toBe(0);
    expect(learningRate(options, 0.2)).toBeCloseTo(1);
    expect(learningRate(options, 0.6)).toBeCloseTo(0.5);
    expect(learningRate(options, 1)).toBeCloseTo(0);
  });

  it('stays within 0 and the peak, whatever the progress', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('one-cycle' as const, 'cosine' as const, 'constant' as const),
        fc.double({ min: -1, max: 2, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (kind, progress, warmup) => {
          const rate = learningRate({ kind, peak: 3, warmup }, progress);
          expect(rate).toBeGreaterThanOrEqual(0);
          expect(rate).toBeLessThanOrEqual(3 + 1e-12);
        },
      ),
    );
  });
});
