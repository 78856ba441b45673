import type { Dataset } from '../../data/dataset.js';
import { openDataset } from '../../data/node-open.js';
import type { AudioPreprocess, ImagePreprocess } from '../../graph/metadata.js';
import { channelStatistics, type ImageVariation, imageSet, readImages } from './images.js';
import { joinDatasets } from './join.js';
import { type RecordingVariation, readRecordings, recordingSet } from './recordings.js';
import { holdOut, holdOutGroups, type Split } from './split.js';
import type { TrainingSet } from './training-set.js';

/** Classes of recordings that hold no speech: they serve as noise behind the others, too. */
const BACKGROUNDS = ['_silence_', '_background_noise_', 'silence'];

interface HoldOut {
  /** Share of the examples (of the speakers, where they are known). */
  readonly share: number;
  /** Instead: all that these speakers say. */
  readonly speakers?: readonly string[];
  readonly seed: number;
}

export interface OpenedSet {
  readonly set: TrainingSet;
  readonly split: Split;
}

/**
 * Opens one or several data sets of the same classes as one (Node only).
 * @throws LutraError `INVALID_DATA` as `openDataset` does, or when they do not go together
 */
export async function openDatasets(paths: readonly string[], labels?: readonly string[]): Promise<Dataset> {
  return joinDatasets(await Promise.all(paths.map((path) => openDataset(path, labels))));
}

const split = (set: TrainingSet, { share, speakers, seed }: HoldOut) =>
  speakers ? holdOutGroups(set, speakers) : holdOut(set, share, seed);

/**
 * Reads images into memory. Where `spec` has no mean and deviation, those of the data are taken.
 * @param onProgress share of the images read, 0..1
 */
export async function openImages(
  dataset: Dataset,
  spec: Omit<ImagePreprocess, 'mean' | 'std'> & Partial<Pick<ImagePreprocess, 'mean' | 'std'>>,
  variation: ImageVariation,
  out: HoldOut,
  onProgress?: (fraction: number) => void,
): Promise<OpenedSet> {
  const images = await readImages(dataset, spec, onProgress);
  const { mean, std } = spec;
  const statistics =
    mean && std ? { mean, std } : channelStatistics(images.bytes, spec.channels, spec.width * spec.height);
  const set = imageSet(images, { ...spec, ...statistics, layout: 'nchw' }, variation);
  return { set, split: split(set, out) };
}

/** Reads recordings into memory. Clips of a class of silence that are trained on are mixed behind others, too. */
export async function openRecordings(
  dataset: Dataset,
  spec: AudioPreprocess,
  variation: RecordingVariation,
  out: HoldOut,
  onProgress?: (fraction: number) => void,
): Promise<OpenedSet> {
  const recordings = await readRecordings(dataset, spec.sampleRate, onProgress);
  const parts = split(recordingSet(recordings, spec), out);
  const backgrounds = [...parts.train]
    .filter((i) => BACKGROUNDS.includes(recordings.classes[recordings.labels[i]!]!))
    .map((i) => recordings.signals[i]!);
  return { set: recordingSet(recordings, spec, { backgrounds, ...variation }), split: parts };
}
