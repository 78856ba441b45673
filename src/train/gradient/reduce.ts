import { numberAttribute, numbersAttribute } from '../../graph/attributes.js';
import { toNumbers } from '../../graph/tensor.js';
import type { Node } from '../../graph/types.js';
import { nodeError } from '../../ops/operator.js';
import type { BackwardContext, Emitter, ForwardContext, GradientRule } from '../types.js';
import { rule } from './registry.js';
import { castLike, expandTo, positive, range, reshape, scale } from './shapes.js';

/** Axes of a reduction, given as an attribute or as an input. */
function axesOf(emitter: Emitter, node: Node, inputs: readonly string[], rank: number): number[] {
  const value = inputs[1] ? emitter.value(inputs[1]) : undefined;
  if (inputs[1] && !value) throw nodeError(node, 'UNSUPPORTED', 'axes that are computed while the network runs');
  const given = numbersAttribute(node, 'axes') ?? (value ? toNumbers(value) : []);
  if (given.length === 0) return numberAttribute(node, 'noop_with_empty_axes', 0) ? [] : range(rank);
  return given.map((axis) => positive(axis, rank));
}

/** The node with its axes as an input, which every version of the emitted opset reads. */
function forward({ emitter, node, inputs }: ForwardContext) {
  const axes = axesOf(emitter, node, inputs, emitter.type(inputs[0]!).dims.length);
  if (axes.length === 0) return { outputs: [emitter.node('Identity', [inputs[0]!])] };
  const keepdims = numberAttribute(node, 'keepdims', 1);
  return { outputs: [emitter.node(node.op, [inputs[0]!, emitter.ints(axes)], { keepdims })] };
}

/** A value of the reduced shape as [.., 1, ..]. */
function withAxes(context: BackwardContext, value: string): { kept: string; count: number } {
  const { emitter, node, inputs } = context;
  const { dims } = emitter.type(inputs[0]!);
  const axes = axesOf(emitter, node, inputs, dims.length);
  const keptDims = dims.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const kept = reshape(emitter, value, keptDims);
  return { kept, count: axes.reduce((count, axis) => count * dims[axis]!, 1) };
}

/** Rule of an operator whose gradient by its first input is `gradient`. */
function reduction(op: string, gradient: (context: BackwardContext) => string): GradientRule {
  return rule({ op, stops: [1], forward }, (context) => [gradient(context)]);
}

function linear(op: string, factor: (count: number) => number): GradientRule {
  return reduction(op, (context) => {
    const { emitter, inputs, gradients } = context;
    const { kept, count } = withAxes(context, gradients[0]!);
    return expandTo(emitter, scale(emitter, kept, factor(count)), emitter.type(inputs[0]!).dims);
  });
}

/** All elements that reach the extreme share the gradient equally. */
function extreme(op: 'ReduceMax' | 'ReduceMin'): GradientRule {
  return reduction(op, (context) => {
    const { emitter, node, inputs, outputs, gradients } = context;
    const x = inputs[0]!;
    const { dims } = emitter.type(x);
    const best = emitter.node('Equal', [x, withAxes(context, outputs[0]!).kept]);
    const mask = castLike(emitter, best, x);
    const axes = emitter.ints(axesOf(emitter, node, inputs, dims.length));
    const ties = emitter.node('ReduceSum', [mask, axes], { keepdims: 1 });
    const share = emitter.node('Div', [withAxes(context, gradients[0]!).kept, ties]);
    return emitter.node('Mul', [mask, share]);
  });
}

export const REDUCTIONS: readonly GradientRule[] = [
  linear('ReduceSum', () => 1),
  linear('ReduceMean', (count) => 1 / count),
  extreme('ReduceMax'),
  extreme('ReduceMin'),
];
