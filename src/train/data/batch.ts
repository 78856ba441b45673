import { type Random, seededRandom } from '../../convert/random.js';
import type { TensorValue } from '../../graph/types.js';
import type { ShuffledPasses } from './order.js';
import type { TrainingSet } from './training-set.js';

export interface Batch {
  /** float32 [N, ...inputDims] */
  readonly input: TensorValue;
  /** Probabilities of the classes, float32 [N, classes]. */
  readonly target: TensorValue;
}

export interface BatchOptions {
  /**
   * α of the Beta distribution from which the weight of a second example is drawn that is mixed into each (Zhang et al. 2018, "mixup");
   * 0 mixes nothing. Default 0.
   */
  readonly mixup?: number;
}

/** Marsaglia & Tsang would do for every α; Jöhnk's method is shorter and good for α ≤ 1. */
function beta(alpha: number, random: Random): number {
  for (;;) {
    const x = random() ** (1 / alpha);
    const y = random() ** (1 / alpha);
    if (x + y <= 1 && x + y > 0) return x / (x + y);
  }
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
  { mixup = 0 }: BatchOptions = {},
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
  if (mixup > 0) mixNeighbours(input, length, target, classes, size, mixup, random);
  return {
    input: { type: 'float32', dims: [size, ...set.inputDims], data: input },
    target: { type: 'float32', dims: [size, classes], data: target },
  };
}

/** Mixes every example with its successor in the batch, the larger part its own. */
function mixNeighbours(
  input: Float32Array,
  length: number,
  target: Float32Array,
  classes: number,
  size: number,
  alpha: number,
  random: Random,
): void {
  const firstInput = input.slice(0, length);
  const firstTarget = target.slice(0, classes);
  for (let n = 0; n < size; n++) {
    const share = beta(alpha, random);
    const own = Math.max(share, 1 - share);
    const mix = (values: Float32Array, width: number, first: Float32Array) => {
      const other = n + 1 < size ? values.subarray((n + 1) * width, (n + 2) * width) : first;
      for (let i = 0; i < width; i++) values[n * width + i] = own * values[n * width + i]! + (1 - own) * other[i]!;
    };
    mix(input, length, firstInput);
    mix(target, classes, firstTarget);
  }
}

/** The examples with the given indices as evaluation sees them, float32 [indices.length, ...inputDims]. */
export function plainInputs(set: TrainingSet, indices: ArrayLike<number>): TensorValue {
  const length = elements(set.inputDims);
  const data = new Float32Array(indices.length * length);
  for (let n = 0; n < indices.length; n++) set.write(indices[n]!, data, n * length);
  return { type: 'float32', dims: [indices.length, ...set.inputDims], data };
}
