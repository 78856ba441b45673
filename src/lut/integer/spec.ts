/** The family of integer convolutions: 7-bit activations times int8 weights, for layers that are too narrow to look up. */
import type { OperatorSpec } from '../operator.js';

/** x [N, C, H, W] → y [N, M, Ho, Wo]: scale · Σ W·(q − zero point) + bias. W is [M, C, kh, kw]; scale and bias are [M]. */
export const QUANTIZED_CONV: OperatorSpec<'x' | 'x_scale' | 'x_zero_point' | 'W' | 'scale' | 'bias'> = {
  name: 'QuantizedConv',
  inputs: ['x', 'x_scale', 'x_zero_point', 'W', 'scale', 'bias'],
  output: 'y',
  required: ['kernel_shape'],
};
