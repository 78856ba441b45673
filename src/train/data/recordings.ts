import type { Random } from '../../convert/random.js';
import type { Dataset } from '../../data/dataset.js';
import { LutraError } from '../../errors.js';
import type { AudioPreprocess } from '../../graph/metadata.js';
import { fitClip } from '../../speech/clip.js';
import { ClipFeatures } from '../../speech/features.js';
import { resample } from '../../speech/resample.js';
import { checkedLabels } from './images.js';
import type { TrainingSet, Variation } from './training-set.js';

/** Recordings at the rate of the front-end. */
export interface Recordings {
  readonly description: string;
  readonly classes: readonly string[];
  readonly labels: Int32Array;
  /** Who speaks; one group per recording where nobody is named. */
  readonly speakers: readonly string[];
  /** Samples in −1..1, of any length. */
  readonly signals: readonly Float32Array[];
  /** File or record of each. */
  readonly names: readonly string[];
}

export interface RecordingVariation {
  /** Milliseconds that a word moves at most to either side. Default 100. */
  readonly shift?: number;
  /** Speed, and with it pitch and formants, changes by at most this share. Default 0.15. */
  readonly speed?: number;
  /** Share of the recordings that get noise. Default 0.7. */
  readonly noise?: number;
  /** Signal-to-noise ratios in dB, uniform in between. Default [5, 40]. */
  readonly ratio?: readonly [number, number];
  /** Recordings of background noise to mix in; besides them, and without them, coloured noise is made. */
  readonly backgrounds?: readonly Float32Array[];
  /** Widest masked stretch of frames and of mel bands, two of each (Park et al. 2019, "SpecAugment"). Default [8, 5]. */
  readonly masks?: readonly [frames: number, bands: number];
}

/**
 * Reads all recordings of a data set at `sampleRate` Hz.
 * @param onProgress share of the recordings read, 0..1
 * @throws LutraError `INVALID_DATA` as the data set does, and for data that are not labelled recordings.
 */
export async function readRecordings(
  dataset: Dataset,
  sampleRate: number,
  onProgress?: (fraction: number) => void,
): Promise<Recordings> {
  const { labels, classes } = checkedLabels(dataset);
  const signals: Float32Array[] = [];
  const names: string[] = [];
  for await (const sample of dataset.samples(Array.from({ length: dataset.count }, (_, i) => i))) {
    if (sample.kind !== 'recording') {
      throw new LutraError('INVALID_DATA', `${sample.name} is not a recording`, { hint: 'This network takes sound' });
    }
    const { samples, sampleRate: rate } = sample.recording;
    signals.push(rate === sampleRate ? samples : resample(samples, rate, sampleRate));
    names.push(sample.name);
    if (signals.length % 64 === 0) onProgress?.(signals.length / dataset.count);
  }
  const speakers = Array.from({ length: dataset.count }, (_, i) => dataset.speakers?.[i] || `#${i}`);
  return { description: dataset.description, labels, classes, speakers, signals, names };
}

/** A set of recordings for training; examples are log-mel features [1, mels, frames]. */
export function recordingSet(
  recordings: Recordings,
  spec: AudioPreprocess,
  options: RecordingVariation = {},
): TrainingSet {
  const features = new ClipFeatures(spec);
  const clip = new Float32Array(features.samples);
  const background = new Float32Array(features.samples);

  const write = (index: number, out: Float32Array, to: number, variation?: Variation) => {
    const signal = recordings.signals[index]!;
    if (!variation) {
      features.write(fitClip(signal, features.samples, spec.sampleRate), out, to);
      return;
    }
    const { random } = variation;
    varySound(signal, clip, spec.sampleRate, background, options, random);
    features.write(clip, out, to);
    const [frames, bands] = options.masks ?? [8, 5];
    for (let i = 0; i < 2; i++) {
      const [first, last] = stretch(spec.frames, frames, random);
      for (let row = to; row < to + spec.mels * spec.frames; row += spec.frames) out.fill(0, row + first, row + last);
      const [lowest, highest] = stretch(spec.mels, bands, random);
      out.fill(0, to + lowest * spec.frames, to + highest * spec.frames);
    }
  };

  return {
    description: recordings.description,
    count: recordings.labels.length,
    classes: recordings.classes,
    labels: recordings.labels,
    groups: recordings.speakers,
    inputDims: [1, spec.mels, spec.frames],
    preprocess: spec,
    write,
  };
}

function between(low: number, high: number, random: Random): number {
  return low + (high - low) * random();
}

/**
 * Writes a clip with the recording at another speed and place, in noise.
 * @param background scratch of the clip's length
 */
function varySound(
  signal: Float32Array,
  clip: Float32Array,
  sampleRate: number,
  background: Float32Array,
  { shift = 100, speed = 0.15, noise = 0.7, ratio = [5, 40], backgrounds = [] }: RecordingVariation,
  random: Random,
): void {
  const rate = 2 ** between(-Math.log2(1 + speed), Math.log2(1 + speed), random);
  const length = Math.floor((signal.length - 1) / rate);
  // Linear interpolation: its roll-off of the highest band is one more variation.
  const faster = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const at = i * rate;
    const left = Math.floor(at);
    const part = at - left;
    faster[i] = signal[left]! * (1 - part) + signal[left + 1]! * part;
  }
  const fitted = fitClip(faster, clip.length, sampleRate);
  const move = Math.round((between(-shift, shift, random) * sampleRate) / 1000);
  let power = 0;
  for (let i = 0; i < clip.length; i++) {
    const value = fitted[i - move] ?? 0;
    clip[i] = value;
    power += value * value;
  }
  if (random() >= noise) return;
  writeNoise(background, backgrounds, random);
  let noisePower = 0;
  for (const value of background) noisePower += value * value;
  // Silence has no power to compare with; −50 dB of full scale stands in.
  const reference = Math.max(power, 1e-5 * clip.length);
  const gain = Math.sqrt(reference / Math.max(1e-12, noisePower)) * 10 ** (-between(ratio[0], ratio[1], random) / 20);
  for (let i = 0; i < clip.length; i++) clip[i]! += gain * background[i]!;
}

/** Writes half of the time a stretch of a background, else white noise through a random first-order low-pass. */
function writeNoise(out: Float32Array, backgrounds: readonly Float32Array[], random: Random): void {
  if (backgrounds.length > 0 && random() < 0.5) {
    const source = backgrounds[Math.floor(random() * backgrounds.length)]!;
    let at = Math.floor(random() * source.length);
    for (let i = 0; i < out.length; i++) {
      out[i] = source[at]!;
      if (++at === source.length) at = 0;
    }
    return;
  }
  const pole = random() ** 0.25 * 0.98;
  let state = 0;
  for (let i = 0; i < out.length; i++) out[i] = state = pole * state + random() - 0.5;
}

/** A random stretch of at most `widest` out of `size`. */
function stretch(size: number, widest: number, random: Random): readonly [start: number, end: number] {
  const width = Math.floor(random() * (Math.min(widest, size) + 1));
  const start = Math.floor(random() * (size - width + 1));
  return [start, start + width];
}
