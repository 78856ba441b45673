import { seededRandom } from '../../convert/random.js';
import type { TensorValue } from '../../graph/types.js';
import type { ShuffledPasses } from './order.js';
import type { TrainingSet } from './training-set.js';

export interface Batch {
  /** float32 [N, ...inputDims] */
  readonly input: TensorValue;
  /** Probabilities of the classes, float32 [N, classes]. */
  readonly target: TensorValue;
}

function elements(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/**
 * Batch `step` of a run: positions step · size … of the passes, each example varied by numbers that depend on the seed and the position
 * alone. The same arguments give the same batch, also after a restart.
 */
export function trainingBatch(
  set: TrainingSet,
  passes: ShuffledPasses,
  step: number,
  size: number,
  seed: number,
): Batch {
  const random = seededRandom((seed ^ Math.imul(step + 1, 0x85ebca6b)) >>> 0);
  const length = elements(set.inputDims);
  const classes = set.classes.length;
  const input = new Float32Array(size * length);
  const target = new Float32Array(size * classes);
  for (let n = 0; n < size; n++) {
    const { index, epoch } = passes.at(step * size + n);
    set.write(index, input, n * length, { random, epoch });
    target[n * classes + set.labels[index]!] = 1;
  }
  return {
    input: { type: 'float32', dims: [size, ...set.inputDims], data: input },
    target: { type: 'float32', dims: [size, classes], data: target },
  };
}

/** The examples with the given indices as evaluation sees them, float32 [indices.length, ...inputDims]. */
export function plainInputs(set: TrainingSet, indices: ArrayLike<number>): TensorValue {
  const length = elements(set.inputDims);
  const data = new Float32Array(indices.length * length);
  for (let n = 0; n < indices.length; n++) set.write(indices[n]!, data, n * length);
  return { type: 'float32', dims: [indices.length, ...set.inputDims], data };
}
