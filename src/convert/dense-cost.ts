import { outputSize } from '../lut/window.js';
import type { DenseLayer } from './dense-layers.js';
import type { InputSize } from './sizes.js';

/** Nanoseconds of one multiply-add of the dense float32 kernels: see `KERNEL_NANOSECONDS` of src/lut/coded/fit/cost-model.ts. */
export const DENSE_MAC = 0.046;
/** Nanoseconds to scale, bias and store one output, in every kernel. */
export const STORED = 0.75;
/**
 * Nanoseconds to read one byte of weights or tables again. Between two runs of a network they leave the nearest caches: many taps have
 * large tables, which cost more than their additions.
 */
export const READ_BYTE = 0.05;

/** What the dense layer costs for one example. */
export function denseCost({ inputChannels: C, outputChannels: M, window, weight }: DenseLayer, size: InputSize) {
  const [height, width] = outputSize(window, size);
  const outputs = height * width * M;
  const macs = outputs * C * window.kernel[0] * window.kernel[1];
  return { macs, nanoseconds: macs * DENSE_MAC + outputs * STORED + 4 * weight.length * READ_BYTE };
}
