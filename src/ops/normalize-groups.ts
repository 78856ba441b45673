/** Normalizations whose statistics come from the input at hand. They are summed in double precision. */
import { elementCount } from '../graph/tensor.js';
import type { TensorValue } from '../graph/types.js';
import * as op from './define.js';
import { along, axesFrom, moments, type Normalize } from './normalize.js';
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

function channelsOf(context: op.AnyContext, vectors: readonly number[]): number {
  const dims = op.dimsOf(context);
  op.check(context.node, dims.length >= 2, 'the input has too few axes', 'at least 2', dims.length);
  for (const index of vectors) op.checkShape(context, index, [dims[1]!]);
  return dims[1]!;
}

const instanceNorm = op.define({
  name: 'InstanceNormalization',
  arity: [3, 3],
  types: [op.FLOAT],
  attributes: 'epsilon',
  infer(context) {
    channelsOf(context, [1, 2]);
    op.float(context.node, 'epsilon', 1e-5);
    return op.likeInput(context);
  },
  evaluate: (context, [y]) => grouped(context, y!, op.dimsOf(context)[1]!, (c) => c),
});

/** Normalizes each of `groups` runs of channels; `parameter` maps a channel to its scale and bias. */
function grouped(context: op.EvaluateContext, y: TensorValue, groups: number, parameter: (c: number) => number): void {
  const dims = op.dimsOf(context);
  const [x, scale, bias, out] = [op.input(context), op.input(context, 1), op.input(context, 2), op.elements(y)];
  const epsilon = op.float(context.node, 'epsilon', 1e-5);
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
const groupNorm = op.define({
  name: 'GroupNormalization',
  opset: [18, op.LATEST],
  arity: [3, 3],
  types: [op.FLOAT],
  attributes: 'epsilon num_groups stash_type',
  infer(context) {
    const groups = op.int(context.node, 'num_groups');
    const channels = channelsOf(context, []);
    const full = groups > 0 && channels % groups === 0;
    op.check(context.node, full, 'channels do not fill groups', `a multiple of ${groups}`, channels);
    for (const index of [1, 2]) op.checkShape(context, index, [context.opset < 21 ? groups : channels]);
    op.float(context.node, 'epsilon', 1e-5);
    return op.likeInput(context);
  },
  evaluate(context, [y]) {
    const groups = op.int(context.node, 'num_groups');
    const perGroup = op.dimsOf(context)[1]! / groups;
    grouped(context, y!, groups, (c) => (context.opset < 21 ? Math.floor(c / perGroup) : c));
  },
});

function layerAxes(context: op.AnyContext): number[] {
  return axesFrom(context, op.axisAttribute(context, -1));
}

/** LayerNormalization, and RMSNormalization when `center` is false. */
function layerNorm(name: string, opset: readonly [number, number], center: boolean): Operator {
  return op.define({
    name,
    opset,
    arity: [2, center ? 3 : 2],
    types: [op.FLOAT],
    attributes: 'axis epsilon stash_type',
    infer(context: op.InferContext) {
      const dims = op.dimsOf(context);
      const axes = layerAxes(context);
      for (const parameter of context.inputs.slice(1)) {
        const fits = !parameter || `${broadcastDims(context.node, [dims, parameter.dims])}` === `${dims}`;
        op.check(context.node, fits, 'scale or bias does not broadcast', `[${dims}]`, `[${parameter?.dims}]`);
      }
      op.float(context.node, 'epsilon', 1e-5);
      const statistics = { type: 'float32' as const, dims: dims.map((size, d) => (axes.includes(d) ? 1 : size)) };
      return center ? [...op.likeInput(context), statistics, statistics] : op.likeInput(context);
    },
    evaluate(context, [y, means, deviations]) {
      const dims = op.dimsOf(context);
      const { kept, folded } = splitAxes(dims, layerAxes(context));
      const [x, scale, out] = [op.input(context), op.input(context, 1), op.elements(y!)];
      const bias = context.inputs[2] && op.input(context, 2);
      const [scaleAt, biasAt] = [1, 2].map((i) => context.inputs[i] && broadcastOffsets(op.dimsOf(context, i), dims));
      const epsilon = op.float(context.node, 'epsilon', 1e-5);
      kept.forEach((base, row) => {
        const [mean, variance] = moments(x, base, folded);
        const [middle, spread] = center ? [mean, variance] : [0, variance + mean * mean];
        const inverse = 1 / Math.sqrt(spread + epsilon);
        for (const j of folded) {
          const i = base + j;
          const shift = bias ? bias[biasAt ? biasAt[i]! : i]! : 0;
          out[i] = (x[i]! - middle) * inverse * scale[scaleAt ? scaleAt[i]! : i]! + shift;
        }
        if (means) op.elements(means)[row] = middle;
        if (deviations) op.elements(deviations)[row] = inverse;
      });
    },
  });
}

/** Local response normalization across channels (Krizhevsky et al. 2012, §3.3). */
const lrn = op.define({
  name: 'LRN',
  types: [op.FLOAT],
  attributes: 'alpha beta bias size',
  infer(context) {
    channelsOf(context, []);
    const size = op.int(context.node, 'size');
    op.check(context.node, size >= 1, 'size is out of range', 'at least 1', size);
    for (const name of ['alpha', 'beta', 'bias']) op.float(context.node, name, 0);
    return op.likeInput(context);
  },
  evaluate(context, [y]) {
    const { node } = context;
    const dims = op.dimsOf(context);
    const [alpha, beta, bias, size] = [
      op.float(node, 'alpha', 1e-4),
      op.float(node, 'beta', 0.75),
      op.float(node, 'bias', 1),
      op.int(node, 'size'),
    ];
    const [x, out] = [op.input(context), op.elements(y!)];
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

const lpNormalization = op.define({
  name: 'LpNormalization',
  types: [op.FLOAT],
  attributes: 'axis p',
  infer(context) {
    const p = op.int(context.node, 'p', 2);
    op.check(context.node, p === 1 || p === 2, 'p is out of range', '1 or 2', p);
    op.axisAttribute(context, -1);
    return op.likeInput(context);
  },
  evaluate(context, [y]) {
    const axis = op.axisAttribute(context, -1);
    along(context, y!, [axis], lpNorm(op.int(context.node, 'p', 2)));
  },
});

export const NORMALIZE_GROUPS: readonly Operator[] = [
  instanceNorm,
  groupNorm,
  layerNorm('LayerNormalization', [17, op.LATEST], true),
  layerNorm('RMSNormalization', [23, op.LATEST], false),
  lrn,
  lpNormalization,
];
