import { expect, it } from 'vitest';
import { portLimitCycles, productCycles } from './port-limit.js';

const LAYER = { positions: 1, codebooks: 1, values: 9, centroids: 16, outputs: 64, taps: 1, tree: false };

it('gives the cycles that docs/benchmark.md derives', () => {
  expect(portLimitCycles(LAYER)).toBe(8 + 4);
  expect(portLimitCycles({ ...LAYER, outputs: 512 })).toBe(8 + 32);
  expect(portLimitCycles({ ...LAYER, values: 32 })).toBe(4 * 4.5 + 4);
  expect(portLimitCycles({ ...LAYER, centroids: 32 })).toBe(16 + (4 * (2 + 1 + 3)) / 4);
  expect(portLimitCycles({ ...LAYER, positions: 16, tree: true })).toBe(4 + 64);
  expect(portLimitCycles({ ...LAYER, taps: 9, values: 4 })).toBe(4 + 36);
  expect(productCycles(64)).toBe(3);
});
