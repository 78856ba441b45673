import { seededRandom } from '../convert/random.js';
import { elementCount } from '../graph/tensor.js';
import type { TensorValue } from '../graph/types.js';

/** Seeded random weights. */
export class WeightSource {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** Uniform with the variance of He initialisation, 2 / fan-in; the first dimension counts outputs. */
  he(dims: readonly number[]): TensorValue {
    const fanIn = elementCount(dims) / dims[0]!;
    return this.#uniform(dims, Math.sqrt(6 / fanIn));
  }

  /** Uniform in ±0.01, for biases. */
  small(dims: readonly number[]): TensorValue {
    return this.#uniform(dims, 0.01);
  }

  #uniform(dims: readonly number[], limit: number): TensorValue {
    const data = Float32Array.from({ length: elementCount(dims) }, () => (2 * this.#random() - 1) * limit);
    return { type: 'float32', dims, data };
  }
}
