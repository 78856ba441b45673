import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { turned, warpPlane } from './warp.js';

const image = (width: number, height: number) =>
  Uint8Array.from({ length: width * height }, (_, i) => (i * 37 + (i >> 2) * 11) % 256);

function warped(width: number, height: number, angle: number, zoom: number): number[] {
  const out = new Float32Array(width * height);
  // Behind another plane, whose bytes must not show.
  const bytes = Uint8Array.from([...new Uint8Array(5).fill(255), ...image(width, height)]);
  warpPlane(bytes, 5, width, height, turned(width, height, angle, zoom), out);
  return [...out];
}

describe('warpPlane', () => {
  it('leaves an image as it is where nothing is turned', () => {
    expect(warped(6, 5, 0, 1)).toEqual([...image(6, 5)]);
  });

  it('turns by a right angle', () => {
    const [source, out] = [image(5, 5), warped(5, 5, Math.PI / 2, 1)];
    // A column from left to right becomes a row from top to bottom, or the other way round.
    for (let y = 0; y < 5; y++)
      for (let x = 0; x < 5; x++) expect(out[y * 5 + x]).toBeCloseTo(source[x * 5 + (4 - y)]!, 3);
  });

  it('enlarges around the middle', () => {
    const out = warped(7, 7, 0, 2);
    expect(out[3 * 7 + 3]).toBe(image(7, 7)[3 * 7 + 3]);
    expect(out[3 * 7 + 5]).toBe(image(7, 7)[3 * 7 + 4]);
  });

  it('stays within the range of the image, however it is turned', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.double({ min: -4, max: 4, noNaN: true }),
        fc.double({ min: 0.3, max: 3, noNaN: true }),
        (width, height, angle, zoom) => {
          const source = image(width, height);
          const [low, high] = [Math.min(...source), Math.max(...source)];
          for (const value of warped(width, height, angle, zoom)) {
            expect(value).toBeGreaterThanOrEqual(low - 1e-3);
            expect(value).toBeLessThanOrEqual(high + 1e-3);
          }
        },
      ),
      { numRuns: 50 },
    ));
});
