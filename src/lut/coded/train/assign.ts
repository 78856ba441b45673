import { numberAttribute } from '../../../graph/attributes.js';
import { elementCount } from '../../../graph/tensor.js';
import { castLike, reshape, scale, sumOver, swapLast } from '../../../train/gradient/shapes.js';
import type { BackwardContext, Emitter, ForwardContext, GradientRule } from '../../../train/types.js';
import { TRAINING_DOMAIN } from '../../../train/types.js';
import { MAX_ACTIVATION, MAX_SCORE_BIAS, MAX_SUM, MAX_WEIGHT } from '../../limits.js';
import { outputSize, windowAttributes, windowOf } from '../../window.js';
import { floats, fold, unfold } from './windows.js';

/**
 * `Assign`: x [N, C, H, W], Q [B·K, g, kh, kw], b [B·K], logTemperature [1] where scores learn → one-hot codes [N, B, K, Ho, Wo].
 *
 * Forward: the integers of the operator Encode (docs/lookup-operators.md), x quantized to 7 bits by the attributes `scale` and `zero_point`,
 * Q and b rounded where they learn; the lowest index wins among equals. Backward: that of softmax(scores / exp(logTemperature)) in place of
 * the one-hot codes (soft-PQ: Tang et al. 2023, LUT-NN, §3), with every rounding taken for the identity.
 * Other attributes: K, group (B), kernel_shape, strides, pads.
 */
export const ASSIGN: GradientRule = {
  domain: TRAINING_DOMAIN,
  op: 'Assign',
  forward(context) {
    const { emitter, node, inputs } = context;
    const [x, Q, b] = inputs as [string, string, string];
    const integers = quantizedActivations(context, x);
    const weights = rounded(emitter, Q, MAX_WEIGHT);
    const biases = rounded(emitter, b, MAX_SCORE_BIAS);
    const K = numberAttribute(node, 'K', 0);
    const { scores, hot } = packable(context)
      ? packedSearch(context, integers, weights, biases, K)
      : plainSearch(context, integers, weights, biases, K);
    const { dims } = emitter.type(scores);
    const [height, width] = outputSize(windowOf(node), emitter.type(x).dims.slice(2));
    return {
      outputs: [reshape(emitter, hot, [...dims.slice(0, 3), height, width])],
      saved: { integers, weights, scores },
    };
  },
  backward,
};

/** round(x / scale) within the 7 bits, minus the zero point: [N, C, H, W] of integers. */
export function quantizedActivations({ emitter, node }: ForwardContext, x: string): string {
  const zero = numberAttribute(node, 'zero_point', 0);
  const ratio = emitter.node('Div', [x, emitter.scalar(numberAttribute(node, 'scale', 1), x)]);
  const nearest = emitter.node('Round', [ratio]);
  return emitter.node('Clip', [nearest, emitter.scalar(-zero, x), emitter.scalar(MAX_ACTIVATION - zero, x)]);
}

function rounded(emitter: Emitter, value: string, limit: number): string {
  const low = emitter.scalar(-limit, value);
  return emitter.node('Clip', [emitter.node('Round', [value]), low, emitter.scalar(limit, value)]);
}

/** Whether K · score + (K − 1 − k) stays exact in float32 whatever x is. */
function packable({ emitter, node, inputs }: ForwardContext): boolean {
  const [, Q, b] = inputs as [string, string, string];
  const weights = emitter.value(Q);
  const biases = emitter.value(b);
  // Learned scores have no bound but those of the operator, and a softmax needs scores without the index.
  if (!weights || !biases || inputs.length > 3) return false;
  const rows = biases.data.length;
  const v = weights.data.length / rows;
  const K = numberAttribute(node, 'K', 0);
  let largest = 0;
  for (let row = 0; row < rows; row++) {
    let sum = Math.abs((biases.data as Float32Array)[row]!);
    for (let j = 0; j < v; j++) sum += MAX_ACTIVATION * Math.abs((weights.data as Float32Array)[row * v + j]!);
    largest = Math.max(largest, sum);
  }
  return K * (largest + 1) < MAX_SUM;
}

interface Search {
  /** [N, B, K, Ho·Wo]; packed ones times K, with the index added. */
  readonly scores: string;
  readonly hot: string;
}

/** Scores of all centroids, [N, B, K, Ho·Wo]. */
function score({ emitter, node }: ForwardContext, integers: string, weights: string, biases: string): string {
  const group = numberAttribute(node, 'group', 1);
  const attributes = { ...windowAttributes(windowOf(node)), group };
  const scores = emitter.node('Conv', [integers, weights, biases], attributes);
  const [N, rows, height, width] = emitter.type(scores).dims as [number, number, number, number];
  return reshape(emitter, scores, [N, group, rows / group, height * width]);
}

function largest(emitter: Emitter, scores: string): string {
  return emitter.node('ReduceMax', [scores, emitter.ints([2])], { keepdims: 1 });
}

/** 1 where both are equal, else 0. */
export function equals(emitter: Emitter, scores: string, best: string): string {
  return castLike(emitter, emitter.node('Equal', [scores, best]), scores);
}

/** The index goes into the low bits of the score, so that one maximum decides ties, too. */
function packedSearch(context: ForwardContext, integers: string, weights: string, biases: string, K: number): Search {
  const { emitter } = context;
  const rows = emitter.type(biases).dims[0]!;
  const index = Float32Array.from({ length: rows }, (_, row) => K - 1 - (row % K));
  const low = floats(emitter, biases, [rows], index);
  const packedBiases = emitter.node('Add', [scale(emitter, biases, K), low]);
  const scores = score(context, integers, scale(emitter, weights, K), packedBiases);
  return { scores, hot: equals(emitter, scores, largest(emitter, scores)) };
}

/** Among equal scores a second maximum finds the lowest index. */
function plainSearch(context: ForwardContext, integers: string, weights: string, biases: string, K: number): Search {
  const { emitter } = context;
  const scores = score(context, integers, weights, biases);
  const indices = Float32Array.from({ length: K }, (_, k) => K - k);
  const order = floats(emitter, scores, [1, 1, K, 1], indices);
  const ranks = emitter.node('Mul', [equals(emitter, scores, largest(emitter, scores)), order]);
  return { scores, hot: equals(emitter, ranks, largest(emitter, ranks)) };
}

function backward(context: BackwardContext): (string | undefined)[] {
  const { emitter, node, inputs, gradients, saved, wanted } = context;
  const [x, Q, b, logTemperature] = inputs as [string, string, string, string];
  const { integers, weights, scores } = saved as { integers: string; weights: string; scores: string };
  const window = windowOf(node);
  const [N, B, K, area] = emitter.type(scores).dims as [number, number, number, number];
  const v = elementCount(emitter.type(Q).dims.slice(1));
  const mul = (a: string, c: string) => emitter.node('Mul', [a, c]);
  const gradient = reshape(emitter, gradients[0]!, [N, B, K, area]);

  const temperature = emitter.node('Exp', [logTemperature]);
  const inverse = emitter.node('Div', [emitter.scalar(1, x), temperature]);
  const z = mul(emitter.node('Sub', [scores, largest(emitter, scores)]), inverse);
  const exponentials = emitter.node('Exp', [z]);
  const p = emitter.node('Div', [exponentials, sumOver(emitter, exponentials, [2], 1)]);
  const weighted = mul(p, gradient);
  // dL/dz = p · (g − Σ p·g)
  const dz = emitter.node('Sub', [weighted, mul(p, sumOver(emitter, weighted, [2], 1))]);
  const ds = emitter.node('Div', [dz, temperature]);

  const dIntegers = () => {
    const matrix = swapLast(emitter, reshape(emitter, weights, [B, K, v]));
    const product = emitter.node('MatMul', [matrix, ds]);
    const columns = reshape(emitter, product, [N, B * v, ...outputSize(window, emitter.type(x).dims.slice(2))]);
    return fold(emitter, columns, emitter.type(x).dims, window);
  };
  const dQ = () => {
    const columns = reshape(emitter, unfold(emitter, integers, window), [N, B, v, area]);
    const product = emitter.node('MatMul', [ds, swapLast(emitter, columns)]);
    return reshape(emitter, sumOver(emitter, product, [0]), emitter.type(Q).dims);
  };
  const dTemperature = () => {
    const total = sumOver(emitter, mul(dz, z), [0, 1, 2, 3]);
    return reshape(emitter, emitter.node('Neg', [total]), [1]);
  };
  return [
    wanted[0] ? scale(emitter, dIntegers(), 1 / numberAttribute(node, 'scale', 1)) : undefined,
    wanted[1] ? dQ() : undefined,
    wanted[2] ? reshape(emitter, sumOver(emitter, ds, [0, 3]), emitter.type(b).dims) : undefined,
    wanted[3] ? dTemperature() : undefined,
  ];
}
