import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calibrationOrder, evaluationOrder } from './sampling.js';

/** Any deterministic source will do here. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

describe('calibrationOrder', () => {
  it('takes every prefix evenly from data sorted by class', () => {
    const labels = Int32Array.from({ length: 500 }, (_, i) => Math.floor(i / 100));
    const order = calibrationOrder(500, labels, 100, randomFrom(1));
    for (const length of [5, 50, 100]) {
      const perClass = [0, 0, 0, 0, 0];
      for (const index of order.slice(0, length)) perClass[labels[index]!]!++;
      expect(perClass).toEqual(new Array(5).fill(length / 5));
    }
  });

  it('never repeats, takes what there is, and repeats itself for the same seed', () => {
    const labels = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(labels, fc.integer({ min: 1, max: 80 }), fc.integer({ min: 1, max: 999 }), (list, samples, seed) => {
        const take = () => calibrationOrder(list.length, Int32Array.from(list), samples, randomFrom(seed));
        const order = take();
        expect(order.length).toBe(Math.min(samples, list.length));
        expect(new Set(order).size).toBe(order.length);
        expect(order.every((index) => index >= 0 && index < list.length)).toBe(true);
        expect(take()).toEqual(order);
      }),
      { numRuns: 50 },
    );
  });

  it('shuffles data without labels', () => {
    const order = calibrationOrder(1000, undefined, 20, randomFrom(3));
    expect(new Set(order).size).toBe(20);
    expect(Math.max(...order)).toBeGreaterThan(500);
  });
});

describe('evaluationOrder', () => {
  it('is everything in order', () => {
    expect(evaluationOrder(4)).toEqual([0, 1, 2, 3]);
    expect(evaluationOrder(3, 10)).toEqual([0, 1, 2]);
  });

  it('spreads a limit over the data', () => {
    expect(evaluationOrder(10, 4)).toEqual([0, 2, 5, 7]);
  });
});
