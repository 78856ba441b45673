import { LutraError } from '../../errors.js';
import { shuffle } from './order.js';
import type { TrainingSet } from './training-set.js';

export interface Split {
  /** Indices to train on. */
  readonly train: Int32Array;
  /** The validation set: indices to measure on, never trained on. */
  readonly validation: Int32Array;
}

/** The validation set is all examples that `out` takes. */
function splitBy(count: number, out: (index: number) => boolean): Split {
  const all = Int32Array.from({ length: count }, (_, i) => i);
  return { train: all.filter((i) => !out(i)), validation: all.filter(out) };
}

/**
 * Keeps about `share` of the examples out of training: whole groups (speakers) where the set has them, else the same share of every
 * class. The same seed gives the same split.
 * @throws LutraError `INVALID_DATA` when nothing would be left to train on.
 */
export function holdOut(set: TrainingSet, share: number, seed: number): Split {
  const { count, labels, groups } = set;
  const all = Array.from({ length: count }, (_, i) => i);
  const wanted = Math.round(share * count);
  const chosen = new Set<number>();
  if (groups) {
    const members = new Map<string, number[]>();
    for (const i of all) {
      const list = members.get(groups[i]!);
      if (list) list.push(i);
      else members.set(groups[i]!, [i]);
    }
    const order = [...members.keys()].sort();
    shuffle(order, seed);
    for (const group of order) {
      if (chosen.size >= wanted) break;
      for (const i of members.get(group)!) chosen.add(i);
    }
  } else {
    const taken = new Map<number, number>();
    const sizes = new Map<number, number>();
    for (const label of labels) sizes.set(label, (sizes.get(label) ?? 0) + 1);
    shuffle(all, seed);
    for (const i of all) {
      const label = labels[i]!;
      const done = taken.get(label) ?? 0;
      if (done >= Math.round(share * sizes.get(label)!)) continue;
      taken.set(label, done + 1);
      chosen.add(i);
    }
  }
  const split = splitBy(count, (i) => chosen.has(i));
  if (split.train.length === 0) {
    throw new LutraError('INVALID_DATA', `${set.description}: holding out ${wanted} leaves nothing to train on`, {
      hint: groups ? 'Give data of more speakers, or hold out less' : 'Give more data, or hold out less',
    });
  }
  return split;
}

/** At most `count` of the indices, evenly spread: data are often sorted by class, so that the first of them are no sample. */
export function evenly(indices: Int32Array, count: number): Int32Array {
  const taken = Math.min(count, indices.length);
  return Int32Array.from({ length: taken }, (_, i) => indices[Math.floor((i * indices.length) / taken)]!);
}

/** The validation set is all of the given groups. @throws LutraError `INVALID_DATA` naming the groups there are. */
export function holdOutGroups(set: TrainingSet, names: readonly string[]): Split {
  const known = [...new Set(set.groups ?? [])].sort();
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0 || names.length >= known.length) {
    throw new LutraError('INVALID_DATA', `${set.description}: these speakers cannot be held out`, {
      expected: known.length > 0 ? `some, not all, of ${known.slice(0, 12).join(', ')}` : 'data with speakers',
      actual: names.join(', '),
    });
  }
  return splitBy(set.count, (i) => names.includes(set.groups![i]!));
}
