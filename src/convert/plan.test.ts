import { describe, expect, it } from 'vitest';
import { closestWithin, fastestWithin, type PlanForm, tradeOff } from './plan.js';
import { seededRandom } from './random.js';

const random = seededRandom(5);
const randomLayers = (layers: number, forms: number): PlanForm[][] =>
  Array.from({ length: layers }, () =>
    Array.from({ length: forms }, () => ({
      time: 1 + Math.floor(random() * 20),
      error: Math.floor(random() * 30),
      bytes: 1 + Math.floor(random() * 50),
    })),
  );

/** Sums of every combination. */
function combinations(layers: readonly (readonly PlanForm[])[]): PlanForm[] {
  return layers.reduce<PlanForm[]>(
    (all, forms) =>
      all.flatMap((a) =>
        forms.map((b) => ({ time: a.time + b.time, error: a.error + b.error, bytes: a.bytes + b.bytes })),
      ),
    [{ time: 0, error: 0, bytes: 0 }],
  );
}

const leastOf = (all: readonly PlanForm[], read: (form: PlanForm) => number) => Math.min(...all.map(read));

describe('tradeOff', () => {
  it.each([
    ['without a limit of bytes', Infinity],
    ['within 60 bytes', 60],
    ['within 110 bytes', 110],
  ])('finds the best of all combinations %s', (_, maxBytes) => {
    for (let round = 0; round < 50; round++) {
      const layers = randomLayers(4, 5);
      const all = combinations(layers).filter(({ bytes }) => bytes <= maxBytes);
      const points = tradeOff(layers, maxBytes);
      expect(points.length === 0).toBe(all.length === 0);
      for (const limit of [10, 25, 40, 55, 70]) {
        const fast = all.filter(({ time }) => time <= limit);
        expect(closestWithin(points, limit)?.error ?? Infinity).toBe(leastOf(fast, ({ error }) => error));
        const close = all.filter(({ error }) => error <= limit);
        expect(fastestWithin(points, limit)?.time ?? Infinity).toBe(leastOf(close, ({ time }) => time));
      }
      for (const { chosen, ...sums } of points) {
        const forms = chosen.map((index, layer) => layers[layer]![index]!);
        for (const what of ['time', 'error', 'bytes'] as const) {
          expect(sums[what]).toBe(forms.reduce((sum, form) => sum + form[what], 0));
        }
        expect(sums.bytes).toBeLessThanOrEqual(maxBytes);
      }
    }
  });

  it('stays close to the best where it must thin', () => {
    // Real numbers: nearly every partial network is kept.
    const layers = Array.from({ length: 40 }, () =>
      Array.from({ length: 12 }, (_, i) => ({
        time: (12 - i) * (0.5 + random()),
        error: i ** 2 * random(),
        bytes: 10,
      })),
    );
    const loose = tradeOff(layers, 400);
    const points = tradeOff(layers);
    expect(points.length).toBeGreaterThan(100);
    for (const limit of [150, 200, 250]) {
      const [best, thinned] = [closestWithin(points, limit)!, closestWithin(loose, limit)!];
      expect(thinned.error).toBeLessThan(best.error * 1.1);
      // No mixture of two networks of the frontier does better than its convex hull.
      const price = leastPrice(layers, limit);
      expect(best.error).toBeLessThan(price * 1.05 + 1);
    }
  });

  it('has the fastest and the most accurate network at its ends', () => {
    const layers = randomLayers(6, 4);
    const points = tradeOff(layers);
    const sum = (read: (form: PlanForm) => number) => layers.reduce((total, forms) => total + leastOf(forms, read), 0);
    expect(points[0]!.time).toBe(sum(({ time }) => time));
    expect(points.at(-1)!.error).toBe(sum(({ error }) => error));
  });
});

/** Lagrange's lower bound of the error within a time. */
function leastPrice(layers: readonly (readonly PlanForm[])[], limit: number): number {
  let bound = 0;
  for (let price = 0.01; price < 100; price *= 1.1) {
    const value = layers.reduce((sum, forms) => sum + leastOf(forms, (form) => form.error + price * form.time), 0);
    bound = Math.max(bound, value - price * limit);
  }
  return bound;
}
