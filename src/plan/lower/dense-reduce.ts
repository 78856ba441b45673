import { elementCount, toNumbers } from '../../graph/tensor.js';
import type { Node } from '../../graph/types.js';
import { SOFTMAX_SCRATCH_BYTES } from '../../kernels/dense.js';
import { int, ints } from '../../ops/define.js';
import type { LowerContext, LoweringRule } from '../types.js';
import { allFloat, coefficients } from './dense-epilogue.js';

/** The size of the last `axes` axes of a shape, and of the others. */
export function splitRows(dims: readonly number[], axes: number): { rows: number; inner: number } {
  const first = dims.length - axes;
  return { rows: elementCount(dims.slice(0, first)), inner: elementCount(dims.slice(first)) };
}

/** Mean over the last `axes` axes, which lie together in memory. */
function emitMean(context: LowerContext, node: Node, axes: number): boolean {
  const input = node.inputs[0]!;
  const { rows, inner } = splitRows(context.type(input).dims, axes);
  const params = { input: context.dense(input), output: context.dense(node.outputs[0]!), inner };
  context.emit(node, 'reduceMean', params, rows);
  return true;
}

export const lowerGlobalAveragePool: LoweringRule = (context, node) => {
  if (!allFloat(context, [node.inputs[0]])) return false;
  return emitMean(context, node, context.type(node.inputs[0]!).dims.length - 2);
};

/** ReduceMean over last axes; axes are an attribute or, from version 18 on, a constant input. */
export const lowerReduceMean: LoweringRule = (context, node) => {
  const [input, axesName] = node.inputs as [string, string | undefined];
  if (!allFloat(context, [input])) return false;
  const rank = context.type(input).dims.length;
  const constant = axesName ? context.constant(axesName) : undefined;
  if (axesName && !constant) return false;
  const given = constant ? toNumbers(constant) : (ints(node, 'axes') ?? []);
  if (given.length === 0) return int(node, 'noop_with_empty_axes', 0) === 0 && emitMean(context, node, rank);
  const axes = given.map((axis) => (axis < 0 ? axis + rank : axis));
  return Math.min(...axes) === rank - axes.length && emitMean(context, node, axes.length);
};

/** Softmax over the last axis; before version 13 over all axes from `axis` on. */
export const lowerSoftmax: LoweringRule = (context, node) => {
  const input = node.inputs[0]!;
  if (!allFloat(context, [input])) return false;
  const { dims } = context.type(input);
  const flattens = (context.concrete.graph.opset[''] ?? 1) < 13;
  const given = int(node, 'axis', flattens ? 1 : -1);
  const axis = given < 0 ? given + dims.length : given;
  if (!flattens && elementCount(dims.slice(axis + 1)) !== 1) return false;
  const { rows, inner } = splitRows(dims, dims.length - axis);
  const params = {
    input: context.dense(input),
    output: context.dense(node.outputs[0]!),
    inner,
    scratch: context.scratch(SOFTMAX_SCRATCH_BYTES),
    coefficients: coefficients(context),
  };
  context.emit(node, 'softmax', params, rows);
  return true;
};
