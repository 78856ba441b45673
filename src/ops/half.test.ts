import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { roundHalfEven } from '../rounding.js';
import { decodeHalf, encodeHalf } from './half.js';

const ALL = Uint16Array.from({ length: 65536 }, (_, i) => i);
const encode = (x: number) => {
  const bits = new Uint16Array(1);
  encodeHalf([x], bits);
  return bits[0]!;
};

describe('halves', () => {
  it('survive decoding and encoding', () => {
    const bits = new Uint16Array(ALL.length);
    const values = decodeHalf(ALL);
    encodeHalf(values, bits);
    for (const half of ALL) if (!Number.isNaN(values[half]!)) expect(bits[half]).toBe(half);
  });

  it('are the nearest ones, ties to even', () =>
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0x7bfe }), fc.double({ min: 0, max: 1, noNaN: true }), (half, t) => {
        const [low, high] = decodeHalf(Uint16Array.of(half, half + 1)) as unknown as [number, number];
        const value = low + (high - low) * t;
        const middle = (low + high) / 2;
        const expected = value === middle ? half + (half & 1) : value < middle ? half : half + 1;
        expect(encode(value)).toBe(expected);
        expect(encode(-value)).toBe(expected | 0x8000);
        expect(encode(middle)).toBe(half + (half & 1));
      }),
    ));

  it('overflow to infinity where rounding does', () => {
    expect([65519, 65520, 1e9, Infinity, -1e9].map(encode)).toEqual([0x7bff, 0x7c00, 0x7c00, 0x7c00, 0xfc00]);
    expect(encode(Number.NaN)).toBe(0x7e00);
  });

  it('round to even', () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5, 0.49999999999999994, 2 ** 52 + 1].map(roundHalfEven)).toEqual(
      [0, 2, 2, -0, -2, 0, 2 ** 52 + 1].map((x) => x + 0),
    );
  });
});
