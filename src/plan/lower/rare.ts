import { elementCount } from '../../graph/tensor.js';
import { FUNCTION } from '../../kernels/dense.js';
import { float, int } from '../../ops/define.js';
import type { LoweringRule } from '../types.js';
import { emitUnary, lowerUnary } from './dense-elementwise.js';
import { allFloat } from './dense-epilogue.js';
import { splitRows } from './dense-reduce.js';
import { lowerRearranged, rearrange } from './dense-tables.js';

const lowerGelu: LoweringRule = (context, node) =>
  emitUnary(context, node, node.attributes.approximate === 'tanh' ? FUNCTION.geluTanh : FUNCTION.gelu);

/** Resize and Upsample to the nearest value. */
export const lowerNearest: LoweringRule = (context, node) =>
  (node.attributes.mode ?? 'nearest') === 'nearest' &&
  node.attributes.coordinate_transformation_mode !== 'tf_crop_and_resize' &&
  context.type(node.inputs[0]!).type === 'float32' &&
  rearrange(context, node, 'float32');

/** LayerNormalization whose mean and deviation outputs nobody reads. */
export const lowerLayerNorm: LoweringRule = (context, node) => {
  const [input, scale, bias] = node.inputs as [string, string, string | undefined];
  const { consumers, outputs } = context.concrete;
  const statistics = node.outputs.slice(1).some((name) => (consumers.get(name)?.length ?? 0) > 0 || outputs.has(name));
  if (statistics || !allFloat(context, [input, scale, bias])) return false;
  const { dims } = context.type(input);
  const given = int(node, 'axis', -1);
  const axes = given < 0 ? -given : dims.length - given;
  const { rows, inner } = splitRows(dims, axes);
  const whole = (name: string) => {
    const shape = context.type(name).dims;
    return elementCount(shape) === inner && `${shape.slice(-axes)}` === `${dims.slice(-axes)}`;
  };
  if (!whole(scale) || (bias && !whole(bias))) return false;
  const params = {
    input: context.dense(input),
    output: context.dense(node.outputs[0]!),
    scale: context.dense(scale),
    bias: bias ? context.dense(bias) : 0,
    inner,
    epsilon: float(node, 'epsilon', 1e-5),
  };
  context.emit(node, 'layerNorm', params, rows);
  return true;
};

/** Round, with the bounds of a Clip that was fused into it. */
const lowerRound: LoweringRule = (context, node) => {
  const { activation, residual } = node.epilogue ?? {};
  if (residual || (activation && activation.kind !== 'Clip')) return false;
  const { min, max } = activation ?? { min: -Infinity, max: Infinity };
  return emitUnary(context, node, FUNCTION.round, min, max);
};

/** Fast paths of operators that only the complete worker knows. */
export const RARE_RULES: Readonly<Record<string, LoweringRule>> = {
  ':LayerNormalization': lowerLayerNorm,
  ':Round': lowerRound,
  ':Erf': lowerUnary(FUNCTION.erf),
  ':Swish': lowerUnary(FUNCTION.swish, ['alpha', 1]),
  'com.microsoft:QuickGelu': lowerUnary(FUNCTION.swish, ['alpha', 1.702]),
  ':Gelu': lowerGelu,
  'com.microsoft:Gelu': lowerGelu,
  ':Tile': lowerRearranged,
  ':DepthToSpace': lowerRearranged,
  ':SpaceToDepth': lowerRearranged,
  ':Resize': lowerNearest,
  ':Upsample': lowerNearest,
};
