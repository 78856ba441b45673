import { expect, it } from 'vitest';
import { logarithmicTicks } from './chart.js';

it('puts ticks where a reader expects them, and fewer where there is little room', () => {
  expect(logarithmicTicks([1.9, 0.4], false)).toEqual([0.2, 0.5, 1, 2]);
  expect(logarithmicTicks([0.4, 1.9], true)).toEqual([0.2, 0.5, 1, 2]);
  expect(logarithmicTicks([1], false)).toEqual([1]);
  expect(logarithmicTicks([6, 11, 54], false)).toEqual([5, 10, 20, 50, 100]);
  expect(logarithmicTicks([0.4, 1300], true)).toEqual([0.1, 1, 10, 100, 1000, 10000]);
});
