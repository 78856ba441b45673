import { type Random, seededRandom } from '../../convert/random.js';
import { elementCount } from '../../graph/tensor.js';
import type { TensorValue } from '../../graph/types.js';

/** Initial weights for training, the same for the same seed. */
export class InitialWeights {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /**
   * Normal with the variance 2 / fan-in that keeps the scale of activations through a ReLU (He et al. 2015, eq. 10).
   * The first dimension counts outputs.
   */
  he(dims: readonly number[]): TensorValue {
    const deviation = Math.sqrt((2 * dims[0]!) / elementCount(dims));
    const data = Float32Array.from({ length: elementCount(dims) }, () => deviation * this.#normal());
    return { type: 'float32', dims, data };
  }

  /**
   * Weights [O, I, kh, kw] of half He's deviation whose first min(O, I) filters pass their input channel on, so that a deep network
   * starts out as a shallow one (Zagoruyko & Komodakis 2017, "DiracNets", §3).
   */
  passing(dims: readonly [number, number, number, number]): TensorValue {
    const [outputs, inputs, height, width] = dims;
    const { data } = this.he(dims);
    const values = Float32Array.from(data as Float32Array, (value) => value / 2);
    const plane = height * width;
    const centre = (height >> 1) * width + (width >> 1);
    for (let i = 0; i < Math.min(outputs, inputs); i++) {
      const filter = values.subarray(i * inputs * plane, (i + 1) * inputs * plane);
      filter.fill(0);
      filter[i * plane + centre] = 1;
    }
    return { type: 'float32', dims, data: values };
  }

  /** Box–Muller. */
  #normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.#random()));
    return radius * Math.cos(2 * Math.PI * this.#random());
  }
}

/** A float32 vector [count] of one value. */
export function filled(count: number, value: number): TensorValue {
  return { type: 'float32', dims: [count], data: new Float32Array(count).fill(value) };
}
