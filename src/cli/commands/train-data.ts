import { LutraError } from '../../errors.js';
import type { AudioPreprocess, ImagePreprocess, Preprocess } from '../../graph/metadata.js';
import type { Values } from '../../option-schema.js';
import { type OpenedSet, openDatasets, openImages, openRecordings } from '../../train/data/open-set.js';
import type { DATA_OPTIONS } from '../../train/option-schema.js';
import { required } from '../command.js';
import type { Progress } from '../progress.js';

const DEFAULT_HOLDOUT = { image: 0.02, audio: 0.1 } as const;

/** What a network takes; images may leave mean and deviation to the data. */
export type WantedInput =
  | AudioPreprocess
  | (Omit<ImagePreprocess, 'mean' | 'std'> & Partial<Pick<ImagePreprocess, 'mean' | 'std'>>);

/** Reads the data that `--data` names into memory and splits it. */
export async function openTrainingData(
  values: Values<typeof DATA_OPTIONS>,
  wanted: WantedInput | Preprocess,
  labels: readonly string[] | undefined,
  seed: number,
  progress: Progress,
): Promise<OpenedSet> {
  const { shift, mirror, rotate, zoom, cutout, noise, speed, speakers } = values;
  const paths = required(values.data, '--data', 'give the data to train on');
  if (paths.length === 0) throw new LutraError('INVALID_ARGUMENT', '--data names nothing');
  const dataset = await openDatasets(paths, labels);
  const out = { share: values.holdout ?? DEFAULT_HOLDOUT[wanted.kind], seed, ...(speakers ? { speakers } : {}) };
  const moved = shift === undefined ? {} : { shift };
  const onProgress = (fraction: number) => progress.update(fraction, 'reading data');
  if (wanted.kind === 'audio') {
    return openRecordings(dataset, wanted, { ...moved, noise, speed }, out, onProgress);
  }
  const variation = { ...moved, mirror: mirror === 'yes', rotate, zoom, cutout };
  return openImages(dataset, wanted, variation, out, onProgress);
}
