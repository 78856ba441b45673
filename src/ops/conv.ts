import { elementCount } from '../graph/tensor.js';
import type { Node } from '../graph/types.js';
import * as op from './define.js';
import type { Operator } from './operator.js';
import type { SpatialWindow } from './windows.js';
import { listWindows, spatialWindow } from './windows.js';

export const CONV_ATTRIBUTES = 'auto_pad dilations group kernel_shape pads strides';

export function kernelShape(node: Node, weights: readonly number[]): readonly number[] {
  const kernel = weights.slice(2);
  const declared = op.ints(node, 'kernel_shape') ?? kernel;
  op.checkEqual(node, 'kernel_shape does not repeat the shape of the weights', kernel, declared);
  return kernel;
}

/** Output shape of a convolution of x [N, C, ...] with w [M, C / group, ...], and how its windows lie. */
export function convShape(
  context: op.AnyContext,
  w = 1,
  bias = 2,
): { dims: number[]; window: SpatialWindow; group: number } {
  const { node } = context;
  const x = op.dimsOf(context);
  const weights = op.dimsOf(context, w);
  op.check(node, x.length >= 3, 'the input has too few axes', 'at least 3', x.length);
  op.checkEqual(node, 'weights and input differ in rank', x.length, weights.length);
  const group = op.int(node, 'group', 1);
  op.check(node, group >= 1, 'group is out of range', 'at least 1', group);
  op.checkEqual(node, 'channels of input and weights do not fit', weights[1]! * group, x[1]);
  const even = weights[0]! % group === 0;
  op.check(node, even, 'output channels are not a multiple of group', `a multiple of ${group}`, weights[0]);
  op.checkShape(context, bias, [weights[0]!], 'bias');
  const window = spatialWindow(node, x.slice(2), kernelShape(node, weights));
  return { dims: [x[0]!, weights[0]!, ...window.output], window, group };
}

/**
 * Convolution with sums in double precision. `x` and `w` are given as readers so that quantized forms can subtract zero
 * points; `store` receives the output offset, the sum and the output channel.
 */
export function convolve(
  context: op.EvaluateContext,
  { dims, window, group }: ReturnType<typeof convShape>,
  x: (offset: number) => number,
  w: (offset: number, channel: number) => number,
  store: (offset: number, sum: number, channel: number) => void,
): void {
  const [batch, channels] = op.dimsOf(context) as [number, number];
  const outChannels = dims[1]!;
  const windows = listWindows(window);
  const inputSize = elementCount(window.input);
  const outputSize = elementCount(window.output);
  const taps = elementCount(window.kernel);
  const depth = channels / group;
  const weights = new Float64Array(depth * taps);
  const planes = new Float64Array(depth * inputSize);
  for (let n = 0; n < batch; n++) {
    for (let g = 0; g < group; g++) {
      const plane = (n * channels + g * depth) * inputSize;
      for (let i = 0; i < planes.length; i++) planes[i] = x(plane + i);
      for (let m = (g * outChannels) / group; m < ((g + 1) * outChannels) / group; m++) {
        for (let i = 0; i < weights.length; i++) weights[i] = w(m * weights.length + i, m);
        for (let p = 0; p < outputSize; p++) {
          let sum = 0;
          for (let c = 0; c < depth; c++) {
            for (let j = windows.start[p]!; j < windows.start[p + 1]!; j++) {
              sum += planes[c * inputSize + windows.input[j]!]! * weights[c * taps + windows.tap[j]!]!;
            }
          }
          store((n * outChannels + m) * outputSize + p, sum, m);
        }
      }
    }
  }
}

export const conv = op.define({
  name: 'Conv',
  arity: [2, 3],
  types: [op.FLOAT],
  attributes: CONV_ATTRIBUTES,
  traits: op.LAYER_TRAITS,
  infer: (context) => [{ type: op.typeOf(context), dims: convShape(context).dims }],
  evaluate(context, [y]) {
    const x = op.input(context);
    const w = op.input(context, 1);
    const bias = context.inputs[2] && op.input(context, 2);
    const out = op.elements(y!);
    convolve(
      context,
      convShape(context),
      (i) => x[i]!,
      (i) => w[i]!,
      (i, sum, m) => (out[i] = sum + (bias ? bias[m]! : 0)),
    );
  },
});

export const CONV: readonly Operator[] = [conv];
