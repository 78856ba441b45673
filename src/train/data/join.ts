import type { Dataset } from '../../data/dataset.js';
import { LutraError } from '../../errors.js';

/**
 * Several data sets of the same classes, one after the other.
 * @throws LutraError `INVALID_DATA` when their classes differ or only some are labelled
 */
export function joinDatasets(parts: readonly Dataset[]): Dataset {
  const [first] = parts as [Dataset, ...Dataset[]];
  if (parts.length === 1) return first;
  for (const part of parts) {
    const [expected, actual] = [first, part].map(({ classes, labels }) =>
      labels ? (classes?.join(', ') ?? 'numbers') : 'no labels',
    );
    if (expected !== actual) {
      throw new LutraError('INVALID_DATA', `${part.description} does not go with ${first.description}`, {
        expected: expected!,
        actual: actual!,
      });
    }
  }
  const starts: number[] = [];
  let count = 0;
  for (const part of parts) {
    starts.push(count);
    count += part.count;
  }
  const speakers = parts.every((part) => part.speakers) ? parts.flatMap((part) => [...part.speakers!]) : undefined;
  return {
    description: parts.map(({ description }) => description).join('; '),
    count,
    ...(first.classes ? { classes: first.classes } : {}),
    ...(first.labels ? { labels: Int32Array.from(parts.flatMap((part) => [...part.labels!])) } : {}),
    ...(speakers ? { speakers } : {}),
    async *samples(indices) {
      // Stretches of one part are read together, so that it can read ahead.
      let run: number[] = [];
      let owner = -1;
      for (const index of indices) {
        const part = starts.findLastIndex((start) => start <= index);
        if (part !== owner && run.length > 0) {
          yield* parts[owner]!.samples(run);
          run = [];
        }
        owner = part;
        run.push(index - starts[part]!);
      }
      if (run.length > 0) yield* parts[owner]!.samples(run);
    },
  };
}
