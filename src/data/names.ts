import { LutraError } from '../errors.js';

/** FSDD names its recordings like `7_theo_12.wav`. */
const CLASS_SPEAKER_NUMBER = /^([^_]+)_([^_]+)_(\d+)\.wav$/i;
/** Speech Commands hashes the speaker: `3bb68054_nohash_2.wav`. */
const SPEAKER_NOHASH_NUMBER = /^([^_]+)_nohash_\d+\.wav$/i;

/** Labels of spoken digits are numerals in one data set and words in another. */
const DIGITS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

const fileName = (path: string) => path.slice(path.lastIndexOf('/') + 1);

/** The class in every file name, or undefined when a name has none. */
export function labelInName(paths: readonly string[]): string[] | undefined {
  const labels = paths.map((path) => CLASS_SPEAKER_NUMBER.exec(fileName(path))?.[1]);
  return labels.every((label) => label !== undefined) ? labels : undefined;
}

/** The speaker in every file name, '' where a name has none. Undefined when no name has one. */
export function speakerInName(paths: readonly string[], inClassFolders: boolean): string[] | undefined {
  const speakers = paths.map((path) => {
    const [pattern, group] = inClassFolders ? [SPEAKER_NOHASH_NUMBER, 1] : [CLASS_SPEAKER_NUMBER, 2];
    return pattern.exec(fileName(path))?.[group] ?? '';
  });
  return speakers.some((speaker) => speaker !== '') ? speakers : undefined;
}

/** A digit in its other spelling. */
function otherSpelling(name: string): string | undefined {
  return DIGITS[Number(name)] ?? (DIGITS.includes(name) ? String(DIGITS.indexOf(name)) : undefined);
}

/** Index of a class by name, −1 when there is none. Digits may be numerals on one side and English words on the other. */
export function findClass(name: string, classes: readonly string[]): number {
  const exact = classes.indexOf(name);
  return exact >= 0 ? exact : classes.indexOf(otherSpelling(name) ?? name);
}

/**
 * Class index of every example from the name of its class.
 * @param names class of every example
 * @param source used in messages
 * @param classes of the model, in the order of its outputs, matched by {@link findClass}. Without them the sorted names
 * are the classes
 * @throws {LutraError} `INVALID_DATA` listing names that are no class.
 */
export function matchClasses(
  names: readonly string[],
  source: string,
  classes: readonly string[] | undefined,
): { readonly classes: readonly string[]; readonly labels: Int32Array } {
  const distinct = [...new Set(names)].sort();
  const known = classes ?? distinct;
  const index = new Map(distinct.map((name) => [name, findClass(name, known)]));
  const unknown = distinct.filter((name) => index.get(name)! < 0);
  if (unknown.length > 0) {
    throw new LutraError('INVALID_DATA', `${source}: classes of the data are not classes of the model`, {
      expected: `${known.slice(0, 12).join(', ')}${known.length > 12 ? ', …' : ''}`,
      actual: unknown.slice(0, 5).join(', '),
    });
  }
  return { classes: known, labels: Int32Array.from(names, (name) => index.get(name)!) };
}
