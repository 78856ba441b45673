import { LutraError } from '../errors.js';
import type { ImagePreprocess } from '../graph/lookup.js';
import { allocate, elementCount, formatType } from '../graph/tensor.js';
import type { TensorData, TensorValue } from '../graph/types.js';
import type { Dataset, Sample } from './dataset.js';
import { preprocess } from './preprocess.js';

/** Examples stacked along the first dimension. */
export interface Batch {
  /** Pictures: float32, preprocessed. Tensors: their own type; float64 becomes float32. */
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
    (stacked.data as Exclude<TensorData, string[]> & { set(values: unknown, at: number): void }).set(
      tensor.data,
      i * size,
    );
  });
  return stacked;
}

/** Makes one network input out of examples of one kind. Pictures need `spec`. */
export function stack(samples: readonly Sample[], spec: ImagePreprocess | undefined): TensorValue {
  const pictures = samples.flatMap((sample) => (sample.kind === 'picture' ? [sample.picture] : []));
  if (pictures.length === 0) return stackTensors(samples as (Sample & { kind: 'tensor' })[]);
  if (!spec) {
    throw new LutraError('INVALID_DATA', `${samples[0]!.name} is a picture, but the network does not take pictures`, {
      hint: 'Give the data as .npy or .npz arrays of the network input',
    });
  }
  return preprocess(pictures, spec);
}

/** Reads `order` in batches of `batchSize` (the last may be smaller). Throws as {@link Dataset.samples}. */
export async function* batches(
  dataset: Dataset,
  order: readonly number[],
  batchSize: number,
  spec: ImagePreprocess | undefined,
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
