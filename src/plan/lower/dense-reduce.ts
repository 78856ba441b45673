import { elementCount } from '../../graph/tensor.js';
import type { Node } from '../../graph/types.js';
import type { LowerContext, LoweringRule } from '../types.js';
import { allFloat } from './dense-epilogue.js';

/** Mean over the last `axes` axes, which lie together in memory. */
function emitMean(context: LowerContext, node: Node, axes: number): boolean {
  const input = node.inputs[0]!;
  const { dims } = context.type(input);
  const rows = elementCount(dims.slice(0, dims.length - axes));
  context.emit({
    kind: 'kernel',
    node,
    kernel: 'reduceMean',
    params: {
      input: context.dense(input),
      output: context.dense(node.outputs[0]!),
      inner: elementCount(dims.slice(dims.length - axes)),
    },
    tiles: rows,
  });
  return true;
}

export const lowerGlobalAveragePool: LoweringRule = (context, node) => {
  if (!allFloat(context, [node.inputs[0]])) return false;
  return emitMean(context, node, context.type(node.inputs[0]!).dims.length - 2);
};
