import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignOffsets, type Lifetime } from './memory.js';

const lifetimes = fc.array(
  fc
    .record({ bytes: fc.integer({ min: 0, max: 5000 }), first: fc.nat(20), length: fc.nat(10) })
    .map(({ bytes, first, length }): Lifetime => ({ bytes, first, last: first + length })),
  { maxLength: 60 },
);

describe('assignOffsets', () => {
  it('never lets two live buffers overlap, aligns all, and reports the extent', () => {
    fc.assert(
      fc.property(lifetimes, fc.constantFrom(16, 64), (buffers, alignment) => {
        const { offsets, bytes } = assignOffsets(buffers, alignment);
        expect(
          Math.max(0, ...buffers.map((buffer, i) => (buffer.bytes ? offsets[i]! + buffer.bytes : 0))),
        ).toBeLessThanOrEqual(bytes);
        buffers.forEach((a, i) => {
          expect(offsets[i]! % alignment).toBe(0);
          buffers.slice(i + 1).forEach((b, after) => {
            const j = i + 1 + after;
            const together = a.first <= b.last && b.first <= a.last;
            const overlap = offsets[i]! < offsets[j]! + b.bytes && offsets[j]! < offsets[i]! + a.bytes;
            if (a.bytes && b.bytes) expect(together && overlap).toBe(false);
          });
        });
      }),
      { numRuns: 100 },
    );
  });

  it('reuses the place of a chain of equal buffers', () => {
    const chain = Array.from({ length: 10 }, (_, step) => ({ bytes: 100, first: step, last: step + 1 }));
    expect(assignOffsets(chain, 64).bytes).toBe(256);
  });

  it('takes the smallest gap that fits', () => {
    const buffers = [
      { bytes: 640, first: 0, last: 1 },
      { bytes: 512, first: 0, last: 9 },
      { bytes: 128, first: 0, last: 1 },
      { bytes: 96, first: 0, last: 9 },
      { bytes: 64, first: 5, last: 6 },
    ];
    const { offsets } = assignOffsets(buffers, 64);
    expect(offsets[4]).toBe(offsets[2]);
  });
});
