/** Normalizations whose statistics come from the input at hand. They are summed in double precision. */
import { elementCount } from '../graph/tensor.js';
import type { AnyContext, EvaluateContext, InferContext } from './define.js';
import { axisOf, check, define, dimsOf, elements, FLOAT, float, input, int, LATEST, likeInput } from './define.js';
import { along, checkVector, moments, type Normalize } from './normalize.js';
import type { Operator } from './operator.js';
import { splitAxes } from './reduce.js';
import { broadcastDims, broadcastOffsets } from './strides.js';

const lpNorm =
  (p: number): Normalize =>
  (values) => {
    const norm = values.reduce((sum, value) => sum + Math.abs(value) ** p, 0) ** (1 / p);
    // A zero vector stays zero.
    for (let i = 0; i < values.length; i++) values[i]! /= norm || 1;
  };

function channelsOf(context: AnyContext, vectors: readonly number[]): number {
  const dims = dimsOf(context);
  check(context.node, dims.length >= 2, 'the input has too few axes', 'at least 2', dims.length);
  for (const index of vectors) checkVector(context, index, dims[1]!);
  return dims[1]!;
}

const instanceNorm = define({
  name: 'InstanceNormalization',
  arity: [3, 3],
  types: [FLOAT],
  attributes: 'epsilon',
  infer(context) {
    channelsOf(context, [1, 2]);
    float(context.node, 'epsilon', 1e-5);
    return likeInput(context);
  },
  evaluate: (context, [y]) => grouped(context, y!, dimsOf(context)[1]!, (c) => c),
});

/** Normalizes each of `groups` runs of channels; `parameter` maps a channel to its scale and bias. */
function grouped(
  context: EvaluateContext,
  y: { data: unknown },
  groups: number,
  parameter: (c: number) => number,
): void {
  const dims = dimsOf(context);
  const [x, scale, bias, out] = [
    input(context),
    input(context, 1),
    input(context, 2),
    elements(y as Parameters<typeof elements>[0]),
  ];
  const epsilon = float(context.node, 'epsilon', 1e-5);
  const channels = dims[1]!;
  const plane = elementCount(dims.slice(2));
  const size = (channels / groups) * plane;
  const at = Int32Array.from({ length: size }, (_, i) => i);
  for (let base = 0; base < out.length; base += size) {
    const [mean, variance] = moments(x, base, at);
    for (let i = base; i < base + size; i++) {
      const p = parameter(Math.floor(i / plane) % channels);
      out[i] = ((x[i]! - mean) / Math.sqrt(variance + epsilon)) * scale[p]! + bias[p]!;
    }
  }
}

/** From version 21 scale and bias belong to channels, before to groups. */
const groupNorm = define({
  name: 'GroupNormalization',
  opset: [18, LATEST],
  arity: [3, 3],
  types: [FLOAT],
  attributes: 'epsilon num_groups stash_type',
  infer(context) {
    const groups = int(context.node, 'num_groups');
    const channels = channelsOf(context, []);
    check(
      context.node,
      groups > 0 && channels % groups === 0,
      'channels do not fill groups',
      `a multiple of ${groups}`,
      channels,
    );
    for (const index of [1, 2]) checkVector(context, index, context.opset < 21 ? groups : channels);
    float(context.node, 'epsilon', 1e-5);
    return likeInput(context);
  },
  evaluate(context, [y]) {
    const groups = int(context.node, 'num_groups');
    const perGroup = dimsOf(context)[1]! / groups;
    grouped(context, y!, groups, (c) => (context.opset < 21 ? Math.floor(c / perGroup) : c));
  },
});

function layerAxes(context: AnyContext): number[] {
  const rank = dimsOf(context).length;
  const axis = axisOf(context.node, int(context.node, 'axis', -1), rank);
  return Array.from({ length: rank - axis }, (_, i) => axis + i);
}

/** LayerNormalization, and RMSNormalization when `center` is false. */
function layerNorm(name: string, opset: readonly [number, number], center: boolean): Operator {
  return define({
    name,
    opset,
    arity: [2, center ? 3 : 2],
    types: [FLOAT],
    attributes: 'axis epsilon stash_type',
    infer(context: InferContext) {
      const dims = dimsOf(context);
      const axes = layerAxes(context);
      for (const parameter of context.inputs.slice(1)) {
        const fits = !parameter || `${broadcastDims(context.node, [dims, parameter.dims])}` === `${dims}`;
        check(context.node, fits, 'scale or bias does not broadcast', `[${dims}]`, `[${parameter?.dims}]`);
      }
      float(context.node, 'epsilon', 1e-5);
      const statistics = { type: 'float32' as const, dims: dims.map((size, d) => (axes.includes(d) ? 1 : size)) };
      return center ? [...likeInput(context), statistics, statistics] : likeInput(context);
    },
    evaluate(context, [y, means, deviations]) {
      const dims = dimsOf(context);
      const { kept, folded } = splitAxes(dims, layerAxes(context));
      const [x, scale, out] = [input(context), input(context, 1), elements(y!)];
      const bias = context.inputs[2] && input(context, 2);
      const [scaleAt, biasAt] = [1, 2].map((i) => context.inputs[i] && broadcastOffsets(dimsOf(context, i), dims));
      const epsilon = float(context.node, 'epsilon', 1e-5);
      kept.forEach((base, row) => {
        const [mean, variance] = moments(x, base, folded);
        const [middle, spread] = center ? [mean, variance] : [0, variance + mean * mean];
        const inverse = 1 / Math.sqrt(spread + epsilon);
        for (const j of folded) {
          const i = base + j;
          const shift = bias ? bias[biasAt ? biasAt[i]! : i]! : 0;
          out[i] = (x[i]! - middle) * inverse * scale[scaleAt ? scaleAt[i]! : i]! + shift;
        }
        if (means) elements(means)[row] = middle;
        if (deviations) elements(deviations)[row] = inverse;
      });
    },
  });
}

/** Local response normalization across channels (Krizhevsky et al. 2012, §3.3). */
const lrn = define({
  name: 'LRN',
  types: [FLOAT],
  attributes: 'alpha beta bias size',
  infer(context) {
    channelsOf(context, []);
    const size = int(context.node, 'size');
    check(context.node, size >= 1, 'size is out of range', 'at least 1', size);
    for (const name of ['alpha', 'beta', 'bias']) float(context.node, name, 0);
    return likeInput(context);
  },
  evaluate(context, [y]) {
    const { node } = context;
    const dims = dimsOf(context);
    const [alpha, beta, bias, size] = [
      float(node, 'alpha', 1e-4),
      float(node, 'beta', 0.75),
      float(node, 'bias', 1),
      int(node, 'size'),
    ];
    const [x, out] = [input(context), elements(y!)];
    const channels = dims[1]!;
    const plane = elementCount(dims.slice(2));
    const [before, after] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
    for (let i = 0; i < out.length; i++) {
      const c = Math.floor(i / plane) % channels;
      let sum = 0;
      for (let k = Math.max(0, c - before); k <= Math.min(channels - 1, c + after); k++)
        sum += x[i + (k - c) * plane]! ** 2;
      out[i] = x[i]! / (bias + (alpha / size) * sum) ** beta;
    }
  },
});

const lpNormalization = define({
  name: 'LpNormalization',
  types: [FLOAT],
  attributes: 'axis p',
  infer(context) {
    const p = int(context.node, 'p', 2);
    check(context.node, p === 1 || p === 2, 'p is out of range', '1 or 2', p);
    axisOf(context.node, int(context.node, 'axis', -1), dimsOf(context).length);
    return likeInput(context);
  },
  evaluate(context, [y]) {
    const axis = axisOf(context.node, int(context.node, 'axis', -1), dimsOf(context).length);
    along(context, y!, [axis], lpNorm(int(context.node, 'p', 2)));
  },
});

export const NORMALIZE_GROUPS: readonly Operator[] = [
  instanceNorm,
  groupNorm,
  layerNorm('LayerNormalization', [17, LATEST], true),
  layerNorm('RMSNormalization', [23, LATEST], false),
  lrn,
  lpNormalization,
];
