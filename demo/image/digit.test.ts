import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DIGIT_SIZE, normalizeDigit, rasteriseDigit, type Stroke, smoothStroke } from './digit.js';

/** Bounding box and centre of mass of everything above `level`. */
function measure(ink: Uint8Array, level = 128) {
  const on = [...ink.keys()].filter((at) => ink[at]! >= level);
  const xs = on.map((at) => at % DIGIT_SIZE);
  const ys = on.map((at) => Math.floor(at / DIGIT_SIZE));
  const total = ink.reduce((sum, value) => sum + value, 0);
  const mean = (axis: (at: number) => number) =>
    ink.reduce((sum, value, at) => sum + value * (axis(at) + 0.5), 0) / total;
  return {
    width: Math.max(...xs) - Math.min(...xs) + 1,
    height: Math.max(...ys) - Math.min(...ys) + 1,
    x: mean((at) => at % DIGIT_SIZE),
    y: mean((at) => Math.floor(at / DIGIT_SIZE)),
  };
}

const SEVEN: Stroke = [
  { x: 0.2, y: 0.2 },
  { x: 0.7, y: 0.2 },
  { x: 0.4, y: 0.9 },
];

describe('rasteriseDigit', () => {
  it('gives nothing for nothing', () => expect(rasteriseDigit([], 1)).toBeUndefined());

  it('fills the 20 pixel box and centres the mass', () => {
    const { width, height, x, y } = measure(rasteriseDigit([SEVEN], 1)!);
    expect(Math.max(width, height)).toBeGreaterThanOrEqual(18);
    expect(Math.max(width, height)).toBeLessThanOrEqual(21);
    expect(x).toBeCloseTo(14, 0);
    expect(y).toBeCloseTo(14, 0);
  });

  it('does not depend on where and how large one writes', () => {
    const reference = rasteriseDigit([SEVEN], 1)!;
    fc.assert(
      fc.property(
        fc.double({ min: 0.3, max: 3, noNaN: true }),
        fc.double({ min: -5, max: 5, noNaN: true }),
        fc.double({ min: -5, max: 5, noNaN: true }),
        (scale, dx, dy) => {
          const moved = SEVEN.map(({ x, y }) => ({ x: x * scale + dx, y: y * scale + dy }));
          const ink = rasteriseDigit([moved], scale)!;
          const apart = ink.map((value, at) => Math.abs(value - reference[at]!));
          expect(Math.max(...apart)).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('keeps a dot small', () => {
    const { width, height } = measure(rasteriseDigit([[{ x: 5, y: 5 }]], 100)!);
    expect(Math.max(width, height)).toBeLessThanOrEqual(4);
  });
});

describe('smoothStroke', () => {
  it('keeps the ends and stays within the hull', () => {
    const smooth = smoothStroke(SEVEN);
    expect(smooth[0]).toEqual(SEVEN[0]);
    expect(smooth.at(-1)).toEqual(SEVEN.at(-1));
    for (const { x, y } of smooth) {
      expect(x).toBeGreaterThanOrEqual(0.2);
      expect(x).toBeLessThanOrEqual(0.7);
      expect(y).toBeGreaterThanOrEqual(0.2);
      expect(y).toBeLessThanOrEqual(0.9);
    }
  });
});

describe('normalizeDigit', () => {
  /** A bar of `ink` on `paper`, off centre. */
  function bar(width: number, height: number, ink: number, paper: number): Uint8Array {
    return Uint8Array.from({ length: width * height }, (_, at) => {
      const x = at % width;
      const y = Math.floor(at / width);
      return x > width * 0.6 && x < width * 0.7 && y > height * 0.1 && y < height * 0.6 ? ink : paper;
    });
  }

  it.each([
    [97, 81, 30, 220],
    [97, 81, 220, 30],
    [240, 320, 90, 150],
  ])('finds a bar in %i×%i, ink %i on paper %i', (width, height, ink, paper) => {
    const found = measure(normalizeDigit(bar(width, height, ink, paper), width, height)!);
    expect(found.height).toBeGreaterThanOrEqual(19);
    expect(found.height).toBeLessThanOrEqual(21);
    expect(found.x).toBeCloseTo(14, 0);
    expect(found.y).toBeCloseTo(14, 0);
  });

  it('says that an even image is blank', () => {
    expect(normalizeDigit(new Uint8Array(50 * 40).fill(200), 50, 40)).toBeUndefined();
  });
});
