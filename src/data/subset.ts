import { LutraError } from '../errors.js';
import type { Dataset } from './dataset.js';

/** The examples with the given indices as a data set of their own. */
export function subset(dataset: Dataset, indices: readonly number[], description: string): Dataset {
  const { labels, speakers, classes } = dataset;
  return {
    description,
    count: indices.length,
    ...(classes ? { classes } : {}),
    ...(labels ? { labels: Int32Array.from(indices, (i) => labels[i]!) } : {}),
    ...(speakers ? { speakers: indices.map((i) => speakers[i]!) } : {}),
    samples: (chosen) => dataset.samples(Array.from(chosen, (i) => indices[i]!)),
  };
}

/**
 * The recordings of the named speakers.
 * @throws {LutraError} `INVALID_DATA` when the data set does not name its speakers or has none of a given name.
 */
export function ofSpeakers(dataset: Dataset, names: readonly string[]): Dataset {
  const { speakers, description } = dataset;
  if (!speakers) {
    throw new LutraError('INVALID_DATA', `${description}: the speakers are not named`, {
      hint: 'Files named <class>_<speaker>_<number>.wav are, and packs with a table beside them',
    });
  }
  const unknown = names.filter((name) => !speakers.includes(name));
  if (unknown.length > 0) {
    const present = [...new Set(speakers)].filter((name) => name !== '');
    throw new LutraError('INVALID_DATA', `${description}: there is no such speaker`, {
      expected: `${present.slice(0, 8).join(', ')}${present.length > 8 ? ', …' : ''}`,
      actual: unknown.join(', '),
    });
  }
  const indices = [...speakers.keys()].filter((i) => names.includes(speakers[i]!));
  return subset(dataset, indices, `${description}, ${indices.length} of them by ${names.join(', ')}`);
}
