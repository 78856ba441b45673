import { describe, expect, it } from 'vitest';
import { countDifferent, distance } from './compare.js';
import type { Tensors } from './types.js';

const floats = (...data: number[]): Tensors => ({
  y: { type: 'float32', dims: [data.length], data: Float32Array.from(data) },
});

describe('distance', () => {
  it('is relative to the reference, and infinite for what cannot be compared', () => {
    expect(distance(floats(10, -21), floats(10, -20)).largest).toBeCloseTo(0.05);
    expect(distance(floats(10, -21), floats(10, -20)).rms).toBeCloseTo(1 / Math.sqrt(500));
    expect(distance(floats(1), floats(1, 2)).largest).toBe(Number.POSITIVE_INFINITY);
    expect(distance({}, floats(1)).rms).toBe(Number.POSITIVE_INFINITY);
    expect(distance(floats(Number.NaN, 1), floats(1, 1)).largest).toBeNaN();
  });
});

describe('countDifferent', () => {
  it('counts values, and all of them when there is nothing to compare with', () => {
    const bytes = (type: 'uint8' | 'int8', ...data: number[]) => ({ type, dims: [4], data: Uint8Array.from(data) });
    expect(countDifferent(bytes('uint8', 1, 2, 3, 4), bytes('uint8', 1, 2, 9, 5))).toBe(2);
    expect(countDifferent(undefined, bytes('uint8', 1, 2, 3))).toBe(3);
    expect(countDifferent(bytes('uint8', 1, 2), bytes('uint8', 1, 2, 3))).toBe(3);
    expect(countDifferent(bytes('int8', 1, 2), bytes('uint8', 1, 2))).toBe(2);
  });
});
