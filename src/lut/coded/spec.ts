/**
 * The family of coded activations (LUT-NN, Tang et al. 2023; MADDNESS, Blalock & Guttag 2021): `Encode` or `EncodeTree` turns sub-vectors
 * of the input into codes, `LookUp` adds the table rows that the codes name. docs/lookup-operators.md defines the arithmetic.
 */
import type { OperatorSpec } from '../operator.js';

const spec = <const Input extends string>(value: OperatorSpec<Input>) => value;

/** x [N, C, H, W] → codes [N, B, Ho, Wo]: the highest of K scores Q·(q − zero point) + b. Q is [B·K, g, kh, kw], b is [B·K]. */
export const ENCODE = spec({
  name: 'Encode',
  inputs: ['x', 'x_scale', 'x_zero_point', 'Q', 'b'],
  output: 'codes',
  required: ['K', 'kernel_shape', 'group'],
});

/** The same by four comparisons per code. features are [B, 4], thresholds [B, 15]. */
export const ENCODE_TREE = spec({
  name: 'EncodeTree',
  inputs: ['x', 'x_scale', 'x_zero_point', 'features', 'thresholds'],
  output: 'codes',
  required: ['K', 'kernel_shape', 'group'],
});

/** codes [N, B, H, W] → y [N, M, Ho, Wo]: scale · Σ table rows + bias. table is [M, B·K, th, tw]; scale and bias are [M]. */
export const LOOK_UP = spec({
  name: 'LookUp',
  inputs: ['codes', 'table', 'scale', 'bias'],
  output: 'y',
  required: ['K', 'kernel_shape'],
});
