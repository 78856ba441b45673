import { numberAttribute } from '../../graph/attributes.js';
import { elementCount } from '../../graph/tensor.js';
import { nodeError } from '../../ops/operator.js';
import type { BackwardContext, Emitter, ForwardContext, GradientRule } from '../types.js';
import { expandTo, perChannel, range, scale, sumOver } from './shapes.js';

/**
 * BatchNormalization (Ioffe & Szegedy 2015, algorithm 1 and §3): x [N, C, ..], scale, bias, mean, variance [C] → y.
 * Live (`training_mode: 1`): statistics of the micro-batch; the running variance gets the unbiased estimate, as in PyTorch.
 */
export const BATCH_NORMALIZATION: GradientRule = {
  op: 'BatchNormalization',
  stops: [3, 4],
  forward(context) {
    const { emitter, node, inputs } = context;
    const { training_mode: mode, momentum: _, ...attributes } = node.attributes;
    if (mode !== 1) return { outputs: [emitter.node('BatchNormalization', inputs, attributes)] };
    if (node.outputs.slice(1).some(Boolean)) {
      throw nodeError(node, 'UNSUPPORTED', 'only the first output of a live BatchNormalization can be used');
    }
    return forwardLive(context);
  },
  backward: (context) => (context.saved.mean ? backwardLive(context) : backwardFolded(context)),
};

/** All axes but the channels'. */
function otherAxes(rank: number): number[] {
  return range(rank).filter((axis) => axis !== 1);
}

function forwardLive({ emitter, node, inputs }: ForwardContext) {
  const [x, gamma, beta] = inputs as [string, string, string];
  const { dims } = emitter.type(x);
  const axes = emitter.ints(otherAxes(dims.length));
  const count = elementCount(dims) / dims[1]!;
  const mean = emitter.node('ReduceMean', [x, axes], { keepdims: 0 });
  const centred = emitter.node('Sub', [x, perChannel(emitter, mean, dims.length)]);
  const variance = emitter.node('ReduceMean', [emitter.node('Mul', [centred, centred]), axes], { keepdims: 0 });
  const epsilon = numberAttribute(node, 'epsilon', 1e-5);
  const momentum = numberAttribute(node, 'momentum', 0.9);
  return {
    outputs: [emitter.node('BatchNormalization', [x, gamma, beta, mean, variance], { epsilon })],
    saved: { mean, deviation: deviation(emitter, variance, epsilon) },
    updates: {
      3: { value: mean, momentum },
      4: { value: scale(emitter, variance, count / Math.max(1, count - 1)), momentum },
    },
  };
}

function deviation(emitter: Emitter, variance: string, epsilon: number): string {
  return emitter.node('Sqrt', [emitter.node('Add', [variance, emitter.scalar(epsilon, variance)])]);
}

/** Σ dy and Σ dy · (x − mean) / deviation per channel: the gradients of bias and scale. */
function sums({ emitter, inputs, gradients }: BackwardContext, mean: string, spread: string) {
  const [x, gradient] = [inputs[0]!, gradients[0]!];
  const axes = otherAxes(emitter.type(x).dims.length);
  const bias = sumOver(emitter, gradient, axes);
  const product = sumOver(emitter, emitter.node('Mul', [gradient, x]), axes);
  const centred = emitter.node('Sub', [product, emitter.node('Mul', [mean, bias])]);
  return { bias, scale: emitter.node('Div', [centred, spread]) };
}

/** dx = a·dy + r·x + s with per-channel a, r and s: three passes over the tensor. */
function backwardLive(context: BackwardContext): (string | undefined)[] {
  const { emitter, inputs, gradients, saved, wanted } = context;
  const [x, gamma] = inputs as [string, string];
  const { dims } = emitter.type(x);
  const count = elementCount(dims) / dims[1]!;
  const { mean, deviation: spread } = saved as { mean: string; deviation: string };
  const total = sums(context, mean, spread);
  if (!wanted[0]) return [undefined, total.scale, total.bias];
  const node = (op: string, a: string, b: string) => emitter.node(op, [a, b]);
  const factor = node('Div', gamma, spread);
  // dx = factor · (dy − bias/count − (x − mean)/spread · scale/count)
  const slope = scale(emitter, node('Div', total.scale, spread), -1 / count);
  const shift = node('Sub', scale(emitter, total.bias, -1 / count), node('Mul', slope, mean));
  const rank = dims.length;
  const along = node('Add', gradients[0]!, node('Mul', x, perChannel(emitter, slope, rank)));
  return [affine(emitter, along, factor, node('Mul', factor, shift)), total.scale, total.bias];
}

/** x · scale + shift per channel in one pass. */
function affine(emitter: Emitter, x: string, factor: string, shift: string): string {
  const [zero, one] = [0, 1].map((value) => expandTo(emitter, emitter.scalar(value, x), emitter.type(factor).dims));
  return emitter.node('BatchNormalization', [x, factor, shift, zero!, one!], { epsilon: 0 });
}

function backwardFolded(context: BackwardContext): (string | undefined)[] {
  const { emitter, node, inputs, gradients, wanted } = context;
  const [x, gamma, , mean, variance] = inputs as [string, string, string, string, string];
  const spread = deviation(emitter, variance, numberAttribute(node, 'epsilon', 1e-5));
  const total = wanted[1] || wanted[2] ? sums(context, mean, spread) : undefined;
  const factor = perChannel(emitter, emitter.node('Div', [gamma, spread]), emitter.type(x).dims.length);
  return [wanted[0] ? emitter.node('Mul', [gradients[0]!, factor]) : undefined, total?.scale, total?.bias];
}
