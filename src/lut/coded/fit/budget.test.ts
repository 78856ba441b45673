import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../convert/random.js';
import { type Choice, chooseWithin } from './budget.js';

const choice = (bytes: number, relativeError: number, time: number): Choice => ({
  geometry: { kind: 'row', channels: 1, centroids: 16 },
  bytes,
  relativeError,
  time,
});

const WEIGHT = { speed: 0.4, balanced: 1, accuracy: 4 } as const;

/** time · error^weight of the best combination that fits, by trying all. */
function exhaustive(layers: readonly (readonly Choice[])[], bytes: number, weight: number): number {
  const visit = (layer: number, [time, error, used]: readonly [number, number, number]): number =>
    used > bytes
      ? Infinity
      : layer === layers.length
        ? time * error ** weight
        : Math.min(
            ...layers[layer]!.map((c) => visit(layer + 1, [time + c.time, error + c.relativeError, used + c.bytes])),
          );
  return visit(0, [0, 0, 0]);
}

describe('chooseWithin', () => {
  it.each(['speed', 'balanced', 'accuracy'] as const)(
    'comes close to the best of all combinations, for %s',
    (objective) => {
      const random = seededRandom(7);
      for (let round = 0; round < 40; round++) {
        const layers = Array.from({ length: 4 }, () =>
          Array.from({ length: 4 }, () => choice(1 + Math.floor(random() * 100), 0.01 + random(), 1 + 5 * random())),
        );
        const least = layers.reduce((sum, choices) => sum + Math.min(...choices.map(({ bytes }) => bytes)), 0);
        const bytes = least + Math.floor(random() * 150);
        const chosen = chooseWithin(layers, bytes, objective).map((index, layer) => layers[layer]![index]!);
        const sum = (read: (c: Choice) => number) => chosen.reduce((total, c) => total + read(c), 0);
        expect(sum((c) => c.bytes)).toBeLessThanOrEqual(bytes);
        const value = sum((c) => c.time) * sum((c) => c.relativeError) ** WEIGHT[objective];
        const best = exhaustive(layers, bytes, WEIGHT[objective]);
        expect(value).toBeGreaterThanOrEqual(best * (1 - 1e-9));
        expect(value ** (1 / (1 + WEIGHT[objective])) / best ** (1 / (1 + WEIGHT[objective]))).toBeLessThan(1.25);
      }
    },
  );

  it('trades bytes of one layer for those of another', () => {
    const first = [choice(10, 0.5, 1), choice(40, 0.04, 1), choice(70, 0.03, 1)];
    const second = [choice(10, 0.5, 1), choice(60, 0.02, 1)];
    // The third choice of the first layer would leave no room for the second layer.
    expect(chooseWithin([first, second], 100, 'accuracy')).toEqual([1, 1]);
  });

  it('ends where choices are equal', () => {
    const same = [choice(10, 0.1, 0.3), choice(10, 0.1, 0.3), choice(20, 0.1, 0.3)];
    expect(chooseWithin([same, same, same], 1000, 'balanced')).toEqual([0, 0, 0]);
  });

  it('says how many bytes the smallest tables need', () => {
    const layers = [[choice(70, 0.1, 1), choice(50, 0.2, 1)], [choice(30, 0.2, 1)]];
    expect(() => chooseWithin(layers, 79, 'balanced')).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        expected: 'at least 80 bytes for tables',
        actual: '79 bytes',
      }),
    );
    expect(chooseWithin(layers, 80, 'balanced')).toEqual([1, 0]);
  });
});
