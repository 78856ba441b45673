/** Normalisations and the softmax family. Statistics are summed in double precision. */
import { elementCount } from '../graph/tensor.js';
import type { DataType } from '../graph/types.js';
import type { AnyContext, Definition, EvaluateContext, InferContext } from './define.js';
import {
  axisOf,
  check,
  define,
  dimsOf,
  elements,
  FLOAT,
  float,
  input,
  int,
  LATEST,
  likeInput,
  refuse,
  typeOf,
} from './define.js';
import type { Operator } from './operator.js';
import { splitAxes } from './reduce.js';
import { broadcastDims, broadcastOffsets } from './strides.js';

type Normalise = (values: Float64Array) => void;

const softmax: Normalise = (values) => {
  const top = values.reduce((a, b) => Math.max(a, b), -Infinity);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] = Math.exp(values[i]! - top);
  for (let i = 0; i < values.length; i++) values[i]! /= sum;
};
const logSoftmax: Normalise = (values) => {
  const top = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = Math.log(values.reduce((total, value) => total + Math.exp(value - top), 0));
  for (let i = 0; i < values.length; i++) values[i] = values[i]! - top - sum;
};
const hardmax: Normalise = (values) => {
  const best = values.indexOf(values.reduce((a, b) => Math.max(a, b), -Infinity));
  values.fill(0)[best] = 1;
};
const lpNorm =
  (p: number): Normalise =>
  (values) => {
    const norm = values.reduce((sum, value) => sum + Math.abs(value) ** p, 0) ** (1 / p);
    // A zero vector stays zero.
    for (let i = 0; i < values.length; i++) values[i]! /= norm || 1;
  };

/** Applies `normalise` to every vector over the axes. */
function along(context: EvaluateContext, y: { data: unknown }, axes: readonly number[], normalise: Normalise): void {
  const { kept, folded } = splitAxes(dimsOf(context), axes);
  const [x, out] = [input(context), elements(y as Parameters<typeof elements>[0])];
  const values = new Float64Array(folded.length);
  for (const base of kept) {
    for (let j = 0; j < values.length; j++) values[j] = x[base + folded[j]!]!;
    normalise(values);
    for (let j = 0; j < values.length; j++) out[base + folded[j]!] = values[j]!;
  }
}

/** Before version 13 these flatten everything from `axis` (default 1) on into one vector. */
function softmaxAxes(context: AnyContext): number[] {
  const rank = dimsOf(context).length;
  const old = context.opset < 13;
  const axis = axisOf(context.node, int(context.node, 'axis', old ? 1 : -1), rank);
  return old ? Array.from({ length: rank - axis }, (_, i) => axis + i) : [axis];
}

function family(name: string, normalise: Normalise): Operator {
  return define({
    name,
    types: [FLOAT],
    attributes: 'axis',
    infer(context) {
      softmaxAxes(context);
      return likeInput(context);
    },
    evaluate: (context, [y]) => along(context, y!, softmaxAxes(context), normalise),
  });
}

function checkVector(context: AnyContext, index: number, length: number): void {
  const dims = context.inputs[index]?.dims;
  check(
    context.node,
    !dims || `${dims}` === `${length}`,
    `input ${index} has the wrong shape`,
    `[${length}]`,
    `[${dims}]`,
  );
}

function channelsOf(context: AnyContext, vectors: readonly number[]): number {
  const dims = dimsOf(context);
  check(context.node, dims.length >= 2, 'the input has too few axes', 'at least 2', dims.length);
  for (const index of vectors) checkVector(context, index, dims[1]!);
  return dims[1]!;
}

/** Mean and variance of the elements at `base + at`. */
function moments(x: ArrayLike<number>, base: number, at: ArrayLike<number>): [mean: number, variance: number] {
  let mean = 0;
  for (let j = 0; j < at.length; j++) mean += x[base + at[j]!]!;
  mean /= at.length;
  let variance = 0;
  for (let j = 0; j < at.length; j++) variance += (x[base + at[j]!]! - mean) ** 2;
  return [mean, variance / at.length];
}

const PARAMETERS: readonly DataType[] = [...FLOAT];
const STATISTICS: readonly DataType[] = [...FLOAT];

const batchNorm = (opset: readonly [number, number], attributes: string): Definition => ({
  name: 'BatchNormalization',
  opset,
  arity: [5, 5],
  types: [FLOAT, PARAMETERS, PARAMETERS, STATISTICS],
  attributes: `epsilon momentum ${attributes}`,
  infer(context) {
    const { node } = context;
    const channels = dimsOf(context).length < 2 ? 1 : dimsOf(context)[1]!;
    if (int(node, 'spatial', 1) === 0) refuse(node, 'spatial = 0 is not supported', 'Export with opset 9 or later');
    for (const index of [1, 2, 3, 4]) checkVector(context, index, channels);
    float(node, 'epsilon', 1e-5);
    const training = int(node, 'training_mode', 0) !== 0;
    // Before version 14 it is the extra outputs that ask for training.
    if (!training && node.outputs.length > 1)
      refuse(node, 'training outputs are not supported', 'Export the model for inference');
    const statistics = { type: typeOf(context, 3), dims: dimsOf(context, 3) };
    return training ? [...likeInput(context), statistics, statistics] : likeInput(context);
  },
  evaluate(context, [y, runningMean, runningVariance]) {
    const { node } = context;
    const [x, scale, bias, mean, variance] = [0, 1, 2, 3, 4].map((i) => input(context, i));
    const dims = dimsOf(context);
    const { kept, folded } =
      dims.length < 2
        ? splitAxes(dims, [0])
        : splitAxes(
            dims,
            dims.map((_, d) => d).filter((d) => d !== 1),
          );
    const out = elements(y!);
    const epsilon = float(node, 'epsilon', 1e-5);
    const momentum = float(node, 'momentum', 0.9);
    const training = int(node, 'training_mode', 0) !== 0;
    kept.forEach((base, c) => {
      const [m, v] = training ? moments(x!, base, folded) : [mean![c]!, variance![c]!];
      const factor = scale![c]! / Math.sqrt(v + epsilon);
      for (const j of folded) out[base + j] = (x![base + j]! - m) * factor + bias![c]!;
      if (runningMean) elements(runningMean)[c] = mean![c]! * momentum + m * (1 - momentum);
      if (runningVariance) elements(runningVariance)[c] = variance![c]! * momentum + v * (1 - momentum);
    });
  },
});

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

/** Normalises each of `groups` runs of channels; `parameter` maps a channel to its scale and bias. */
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

/** Local response normalisation across channels (Krizhevsky et al. 2012, §3.3). */
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

export const NORMALISE: readonly Operator[] = [
  family('Softmax', softmax),
  family('LogSoftmax', logSoftmax),
  family('Hardmax', hardmax),
  define(batchNorm([7, 8], 'spatial')),
  define(batchNorm([9, 13], '')),
  define(batchNorm([14, LATEST], 'training_mode')),
  instanceNorm,
  groupNorm,
  layerNorm('LayerNormalization', [17, LATEST], true),
  layerNorm('RMSNormalization', [23, LATEST], false),
  lrn,
  lpNormalization,
];
