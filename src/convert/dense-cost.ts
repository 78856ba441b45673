import { outputSize } from '../lut/window.js';
import type { DenseLayer } from './dense-layers.js';
import type { InputSize } from './sizes.js';

/** Nanoseconds of one multiply-add of the dense float32 kernels: see `KERNEL_NANOSECONDS` of src/lut/coded/fit/cost-model.ts. */
const DENSE_MAC = 0.0426;
/** Nanoseconds to scale, bias and store one output, in every kernel. */
export const STORED = 0.75;

/** What the dense layer costs for one example. */
export function denseCost({ inputChannels: C, outputChannels: M, window }: DenseLayer, size: InputSize) {
  const [height, width] = outputSize(window, size);
  const outputs = height * width * M;
  const macs = outputs * C * window.kernel[0] * window.kernel[1];
  return { macs, nanoseconds: macs * DENSE_MAC + outputs * STORED };
}
