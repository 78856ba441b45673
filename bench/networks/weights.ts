import { seededRandom } from '../../src/convert/random.js';
import { elementCount } from '../../src/graph/tensor.js';
import type { TensorValue } from '../../src/graph/types.js';

/** Seeded random weights. */
export class WeightSource {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** Uniform with the variance of He initialization, 2 / fan-in; the first dimension counts outputs. */
  he(dims: readonly number[]): TensorValue {
    const fanIn = elementCount(dims) / dims[0]!;
    return this.#uniform(dims, Math.sqrt(6 / fanIn));
  }

  /** [inputs, outputs], uniform with variance 1 / inputs: keeps the variance of its input where no ReLU follows. */
  columns(inputs: number, outputs: number): TensorValue {
    return this.#uniform([inputs, outputs], Math.sqrt(3 / inputs));
  }

  /** Uniform in ±0.01, for biases. */
  small(dims: readonly number[]): TensorValue {
    return this.#uniform(dims, 0.01);
  }

  #uniform(dims: readonly number[], limit: number): TensorValue {
    const data = new Float32Array(elementCount(dims));
    // A plain loop: the largest networks have a hundred million weights.
    for (let i = 0; i < data.length; i++) data[i] = (2 * this.#random() - 1) * limit;
    return { type: 'float32', dims, data };
  }
}
