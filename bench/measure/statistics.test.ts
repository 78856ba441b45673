import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/convert/random.js';
import { medianRatio, quantile, shuffle } from './statistics.js';

describe('quantile', () => {
  it('is the middle, the ends, and between neighbors in proportion', () => {
    expect(quantile([3, 1, 2], 0.5)).toBe(2);
    expect(quantile([4, 1, 2, 3], 0.5)).toBe(2.5);
    expect(quantile([10, 20, 30, 40, 50], 0.9)).toBeCloseTo(46);
    expect(quantile([7], 0.9)).toBe(7);
    expect(quantile([5, 6], 1)).toBe(6);
  });
});

describe('medianRatio', () => {
  const rounds = 40;
  const noise = seededRandom(3);
  const base = Array.from({ length: rounds }, () => 10 + noise());
  const slower = Array.from({ length: rounds }, () => 25 + 4 * noise());

  it('lies in its interval, which holds the truth and narrows with the noise', () => {
    const { ratio, low, high } = medianRatio(slower, base, seededRandom(1));
    expect(ratio).toBe(quantile(slower, 0.5) / quantile(base, 0.5));
    expect(low).toBeLessThanOrEqual(ratio);
    expect(high).toBeGreaterThanOrEqual(ratio);
    expect(low).toBeLessThan(27 / 10.5);
    expect(high).toBeGreaterThan(27 / 10.5);
    const exact = medianRatio(
      base.map((value) => 3 * value),
      base,
      seededRandom(1),
    );
    // The same rounds are drawn for both, so a common disturbance leaves no doubt.
    expect(exact.high - exact.low).toBeLessThan(1e-12);
    expect(exact.ratio).toBeCloseTo(3);
  });

  it('repeats with the same seed', () => {
    expect(medianRatio(slower, base, seededRandom(9))).toEqual(medianRatio(slower, base, seededRandom(9)));
  });
});

describe('shuffle', () => {
  it('keeps every value and reaches every order', () => {
    const random = seededRandom(5);
    const orders = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const order = shuffle(['a', 'b', 'c'], random);
      expect([...order].sort()).toEqual(['a', 'b', 'c']);
      orders.add(order.join(''));
    }
    expect(orders.size).toBe(6);
  });
});
