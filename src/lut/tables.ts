import { roundHalfEven } from '../rounding.js';
import { MAX_WEIGHT } from './limits.js';

/** Half to even in float32, then within ±`limit`: how every weight, bias and table entry becomes an integer. */
export function roundWithin(x: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, roundHalfEven(Math.fround(x))));
}

/** Integers that stand for real values, with one symmetric scale per output. */
interface QuantizedRows {
  /** In the order of the real values. */
  readonly integers: Int8Array;
  /** [outputs] */
  readonly scale: Float32Array;
}

/**
 * Quantizes tables and weights, whatever their order. `FakeQuantize` of the training computes the same.
 *
 * @param outputs number of outputs
 * @param stride entry i belongs to output ⌊i / stride⌋ mod outputs
 * @param largest magnitude of the largest integer
 */
export function quantizePerOutput(
  real: Float32Array,
  outputs: number,
  stride: number,
  largest = MAX_WEIGHT,
): QuantizedRows {
  const outputOf = (i: number) => Math.floor(i / stride) % outputs;
  const scale = new Float32Array(outputs);
  real.forEach((x, i) => {
    scale[outputOf(i)] = Math.max(scale[outputOf(i)]!, Math.abs(x));
  });
  for (let o = 0; o < outputs; o++) scale[o] = scale[o]! > 0 ? scale[o]! / largest : 1;
  return { integers: Int8Array.from(real, (x, i) => roundWithin(x / scale[outputOf(i)]!, largest)), scale };
}

/**
 * Moves the mean entry of every codebook, tap and output into the bias, which shrinks the range that int8 has to cover. The layer stays
 * the same function as long as no lookup falls outside the image.
 *
 * @param table changed in place
 * @param bias [outputs], changed in place
 * @param K codes of a codebook
 * @param stride as in {@link quantizePerOutput}
 * @param codeStride distance between the entries of two codes; every K · codeStride entries begin a new codebook
 */
export function centreTable(
  table: Float32Array,
  bias: Float32Array,
  K: number,
  stride: number,
  codeStride: number,
): void {
  for (let base = 0; base < table.length; base += K * codeStride) {
    for (let first = base; first < base + codeStride; first++) {
      let mean = 0;
      for (let k = 0; k < K; k++) mean += table[first + k * codeStride]! / K;
      for (let k = 0; k < K; k++) table[first + k * codeStride]! -= mean;
      bias[Math.floor(first / stride) % bias.length]! += mean;
    }
  }
}

/** Puts the axes of an array into another order. @param axes the result's axis i is axis `axes[i]` of `data` */
export function permute<Data extends Int8Array | Float32Array>(
  data: Data,
  dims: readonly number[],
  axes: readonly number[],
): Data {
  const out = data.slice() as Data;
  const strides = axes.map((axis) => dims.slice(axis + 1).reduce((product, size) => product * size, 1));
  const sizes = axes.map((axis) => dims[axis]!);
  let at = 0;
  const visit = (depth: number, from: number) => {
    if (depth === sizes.length) out[at++] = data[from]!;
    else for (let i = 0; i < sizes[depth]!; i++) visit(depth + 1, from + i * strides[depth]!);
  };
  visit(0, 0);
  return out;
}
