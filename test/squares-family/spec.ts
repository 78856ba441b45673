/**
 * A toy family that proves the seams of src/lut: products by a table of squares (Babylonian multiplication). With T[n] = ⌊n² / 4⌋,
 * a·b = T[|a + b|] − T[|a − b|], so a 1×1 convolution of 7-bit activations with int8 weights needs additions and lookups alone.
 */
import type { OperatorSpec } from '../../src/lut/index.js';

/** x [N, C, H, W] → y [N, M, H, W]: scale · Σ (T[|q + W|] − T[|q − W|]) + bias. W is [M, C, 1, 1], squares [255], scale and bias [M]. */
export const SQUARES: OperatorSpec<'x' | 'x_scale' | 'x_zero_point' | 'W' | 'squares' | 'scale' | 'bias'> = {
  name: 'Squares',
  inputs: ['x', 'x_scale', 'x_zero_point', 'W', 'squares', 'scale', 'bias'],
  output: 'y',
  required: [],
};

/** T[0..254]: the largest sum of a quantized activation and a weight is 127 + 127. */
export const TABLE = Int32Array.from({ length: 255 }, (_, n) => Math.floor((n * n) / 4));
