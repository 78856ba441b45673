import { LutraError } from '../errors.js';
import type { AudioPreprocess, Preprocess } from '../graph/metadata.js';
import { allocate, elementCount, formatType } from '../graph/tensor.js';
import type { TensorValue } from '../graph/types.js';
import { speechInput } from '../speech/features.js';
import { resample } from '../speech/resample.js';
import type { Recording } from '../speech/wav.js';
import type { Dataset, Sample } from './dataset.js';
import { preprocess } from './preprocess.js';

/** Examples stacked along the first dimension. */
export interface Batch {
  /** Images and recordings: float32, preprocessed. Tensors: their own type, but float64 becomes float32. */
  readonly input: TensorValue;
  /** Class indices [n], where the data set has labels. */
  readonly labels?: Int32Array;
  readonly names: readonly string[];
}

function stackTensors(samples: readonly (Sample & { kind: 'tensor' })[]): TensorValue {
  const { type, dims } = samples[0]!.tensor;
  const size = elementCount(dims);
  const stacked = allocate(type === 'float64' ? 'float32' : type, [samples.length, ...dims]);
  samples.forEach(({ tensor, name }, i) => {
    if (tensor.type !== type || elementCount(tensor.dims) !== size) {
      throw new LutraError('INVALID_DATA', `${name} differs from the examples before it`, {
        expected: formatType({ type, dims }),
        actual: formatType(tensor),
      });
    }
    (stacked.data as Uint8Array).set(tensor.data as Uint8Array, i * size);
  });
  return stacked;
}

/**
 * Network input of recordings of any length and rate.
 * @returns float32 [N, 1, mels, frames]
 */
export function recordingInput(recordings: readonly Recording[], spec: AudioPreprocess): TensorValue {
  const signals = recordings.map(({ samples, sampleRate }) => resample(samples, sampleRate, spec.sampleRate));
  return speechInput(signals, spec);
}

const TAKES = { image: 'images', audio: 'sound' } as const;

function mismatch({ name, kind }: Sample, spec: Preprocess | undefined): LutraError {
  const what = kind === 'image' ? 'an image' : `a ${kind}`;
  return new LutraError('INVALID_DATA', `${name} is ${what}, which the network does not take`, {
    expected: spec ? TAKES[spec.kind] : 'arrays',
    actual: what,
    hint: 'Give the data as .npy or .npz arrays of the network input, or say how it is made from files',
  });
}

/**
 * Makes one network input out of examples of one kind. Images and recordings need the `spec` of their kind.
 * @throws {LutraError} `INVALID_DATA` naming the example that is of another kind.
 */
export function stack(samples: readonly Sample[], spec: Preprocess | undefined): TensorValue {
  const tensors = samples.filter((sample) => sample.kind === 'tensor');
  if (tensors.length === samples.length) return stackTensors(tensors);
  if (spec?.kind === 'audio') {
    const recordings = samples.map((sample) => {
      if (sample.kind !== 'recording') throw mismatch(sample, spec);
      return sample.recording;
    });
    return recordingInput(recordings, spec);
  }
  const images = samples.map((sample) => {
    if (sample.kind !== 'image' || !spec) throw mismatch(sample, spec);
    return sample.image;
  });
  return preprocess(images, spec!);
}

/** Reads `order` in batches of `batchSize` (the last may be smaller). Throws as {@link Dataset.samples}. */
export async function* batches(
  dataset: Dataset,
  order: readonly number[],
  batchSize: number,
  spec: Preprocess | undefined,
): AsyncGenerator<Batch> {
  let samples: Sample[] = [];
  const flush = (): Batch => {
    const input = stack(samples, spec);
    const names = samples.map((sample) => sample.name);
    const labels = dataset.labels && Int32Array.from(samples, (sample) => sample.label!);
    samples = [];
    return labels ? { input, names, labels } : { input, names };
  };
  for await (const sample of dataset.samples(order)) {
    samples.push(sample);
    if (samples.length === batchSize) yield flush();
  }
  if (samples.length > 0) yield flush();
}
