import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Point, paretoFront } from './pareto.js';

const point = fc.record<Point>({
  accuracy: fc.integer({ min: 0, max: 8 }).map((x) => x / 8),
  milliseconds: fc.integer({ min: 1, max: 8 }),
});

describe('paretoFront', () => {
  it('leaves out what is slower and less accurate', () => {
    const [fast, good, beaten] = [
      { accuracy: 0.8, milliseconds: 1 },
      { accuracy: 0.9, milliseconds: 2 },
      { accuracy: 0.8, milliseconds: 3 },
    ];
    expect(paretoFront([beaten, fast, good])).toEqual([fast, good]);
  });

  it('keeps equal points', () => {
    const twice = [
      { accuracy: 0.5, milliseconds: 1 },
      { accuracy: 0.5, milliseconds: 1 },
    ];
    expect(paretoFront(twice)).toEqual(twice);
  });

  it('rises in accuracy with time, and has the most accurate and the fastest point', () => {
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 12 }), (points) => {
        const front = paretoFront(points).sort((a, b) => a.milliseconds - b.milliseconds);
        for (const [i, next] of front.slice(1).entries()) {
          const before = front[i]!;
          if (next.milliseconds > before.milliseconds) expect(next.accuracy).toBeGreaterThan(before.accuracy);
        }
        expect(Math.max(...front.map(({ accuracy }) => accuracy))).toBe(Math.max(...points.map((p) => p.accuracy)));
        expect(front[0]!.milliseconds).toBe(Math.min(...points.map((p) => p.milliseconds)));
      }),
    );
  });
});
