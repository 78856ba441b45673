import { denseCost, READ_BYTE, STORED } from '../../../convert/dense-cost.js';
import type { DenseLayer } from '../../../convert/dense-layers.js';
import type { FittedCost } from '../../../convert/family-fit.js';
import type { InputSize } from '../../../convert/sizes.js';
import { POSITION_GROUP } from '../../../kernels/lookup.js';
import { outputSize } from '../../window.js';

/** What the kernel takes on one thread with relaxed SIMD, in nanoseconds, fitted to the least times of `bench/forms.ts`. */
const KERNEL_NANOSECONDS = {
  /** One product of bytes, those with the zeros of a lane that is not full included. */
  product: 0.034,
  /** One byte gathered: of a row of the window, */
  gathered: 0.1,
  /** and of four channels. */
  gatheredApart: 0.95,
  /** One activation quantized. */
  quantized: 0.27,
};
/** Products that meet in a lane, and outputs that are computed together. */
const LANE = 4;
const QUAD = 4;

/** What a layer costs in integers, for one example. Positions are computed in groups of 16, and outputs in fours. */
export function integerCost(layer: DenseLayer, size: InputSize): FittedCost {
  const { inputChannels: C, outputChannels: M, window, weight, bias } = layer;
  const [kh, kw] = window.kernel;
  const [height, width] = outputSize(window, size);
  const positions = Math.ceil((height * width) / POSITION_GROUP) * POSITION_GROUP;
  const narrow = kw < 3;
  const depth = narrow ? Math.ceil(C / LANE) * LANE * kh * kw : C * kh * Math.ceil(kw / LANE) * LANE;
  const products = positions * depth * Math.ceil(M / QUAD) * QUAD;
  const t = KERNEL_NANOSECONDS;
  return {
    nanoseconds:
      products * t.product +
      positions * depth * (narrow ? t.gatheredApart : t.gathered) +
      size[0] * size[1] * C * t.quantized +
      height * width * M * STORED +
      weight.length * READ_BYTE,
    tableBytes: weight.length + 8 * bias.length,
    macs: denseCost(layer, size).macs,
    searchMacs: 0,
    lookups: 0,
  };
}
