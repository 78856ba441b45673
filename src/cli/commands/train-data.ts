import { LutraError } from '../../errors.js';
import type { AudioPreprocess, ImagePreprocess, Preprocess } from '../../graph/metadata.js';
import { type OpenedSet, openDatasets, openImages, openRecordings } from '../../train/data/open-set.js';
import type { Arguments, Flag } from '../arguments.js';
import type { Progress } from '../progress.js';

export const DATA_FLAGS: readonly Flag[] = [
  {
    name: 'data',
    value: '<paths>',
    help: 'training data, as for lutra eval; several sets of the same classes with commas',
  },
  {
    name: 'holdout',
    value: '<share>',
    help: 'share of the data for the validation set: of every class, or whole speakers (default: 0.02, speech 0.1)',
  },
  { name: 'holdout-speaker', value: '<names>', help: 'the validation set is all that these speakers say' },
  {
    name: 'mirror',
    value: '<yes|no>',
    help: 'mirror images left to right (default: yes; wrong for digits and text)',
  },
  {
    name: 'shift',
    value: '<n>',
    help: 'pixels (default: 2) or milliseconds (default: 100) that examples move at most',
  },
  { name: 'rotate', value: '<degrees>', help: 'angle by which images turn at most (default: 0)' },
  { name: 'zoom', value: '<share>', help: 'share by which images are enlarged or reduced at most (default: 0)' },
  { name: 'cutout', value: '<n>', help: 'side of a square of every image that is blanked (default: 0)' },
  { name: 'noise', value: '<share>', help: 'share of the recordings that get noise (default: 0.7)' },
  { name: 'speed', value: '<share>', help: 'how much faster or slower recordings may get (default: 0.15)' },
];

const DEFAULT_HOLDOUT = { image: 0.02, audio: 0.1 } as const;

/** What a network takes; images may leave mean and deviation to the data. */
export type WantedInput =
  | AudioPreprocess
  | (Omit<ImagePreprocess, 'mean' | 'std'> & Partial<Pick<ImagePreprocess, 'mean' | 'std'>>);

/** Reads the data that `--data` names into memory and splits it. */
export async function openTrainingData(
  args: Arguments,
  wanted: WantedInput | Preprocess,
  labels: readonly string[] | undefined,
  seed: number,
  progress: Progress,
): Promise<OpenedSet> {
  args.required('data', 'give the data to train on');
  const paths = args.list('data')!;
  if (paths.length === 0) throw new LutraError('INVALID_ARGUMENT', '--data names nothing');
  const dataset = await openDatasets(paths, labels);
  const speakers = args.list('holdout-speaker');
  const out = {
    share: args.number('holdout', { min: 0, max: 0.9 }) ?? DEFAULT_HOLDOUT[wanted.kind],
    seed,
    ...(speakers ? { speakers } : {}),
  };
  const shift = args.number('shift', { min: 0 });
  const moved = shift === undefined ? {} : { shift };
  const onProgress = (fraction: number) => progress.update(fraction, 'reading data');
  if (wanted.kind === 'audio') {
    const noise = args.number('noise', { min: 0, max: 1 });
    const speed = args.number('speed', { min: 0, max: 0.5 });
    const variation = {
      ...moved,
      ...(noise === undefined ? {} : { noise }),
      ...(speed === undefined ? {} : { speed }),
    };
    return openRecordings(dataset, wanted, variation, out, onProgress);
  }
  const mirror = args.choice('mirror', ['yes', 'no']) !== 'no';
  const cutout = args.integer('cutout', 0) ?? 0;
  const rotate = args.number('rotate', { min: 0, max: 180 }) ?? 0;
  const zoom = args.number('zoom', { min: 0, max: 0.9 }) ?? 0;
  return openImages(dataset, wanted, { ...moved, mirror, rotate, zoom, cutout }, out, onProgress);
}
