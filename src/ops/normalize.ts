import type { DataType, TensorValue } from '../graph/types.js';
import * as op from './define.js';
import type { Operator } from './operator.js';
import { splitAxes } from './reduce.js';

export type Normalize = (values: Float64Array) => void;

const softmax: Normalize = (values) => {
  const top = values.reduce((a, b) => Math.max(a, b), -Infinity);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] = Math.exp(values[i]! - top);
  for (let i = 0; i < values.length; i++) values[i]! /= sum;
};
const logSoftmax: Normalize = (values) => {
  const top = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = Math.log(values.reduce((total, value) => total + Math.exp(value - top), 0));
  for (let i = 0; i < values.length; i++) values[i] = values[i]! - top - sum;
};
const hardmax: Normalize = (values) => {
  const best = values.indexOf(values.reduce((a, b) => Math.max(a, b), -Infinity));
  values.fill(0)[best] = 1;
};
/** Applies `normalize` to every vector over the axes. */
export function along(
  context: op.EvaluateContext,
  y: TensorValue,
  axes: readonly number[],
  normalize: Normalize,
): void {
  const { kept, folded } = splitAxes(op.dimsOf(context), axes);
  const [x, out] = [op.input(context), op.elements(y)];
  const values = new Float64Array(folded.length);
  for (const base of kept) {
    for (let j = 0; j < values.length; j++) values[j] = x[base + folded[j]!]!;
    normalize(values);
    for (let j = 0; j < values.length; j++) out[base + folded[j]!] = values[j]!;
  }
}

/** All axes from `axis` on. */
export function axesFrom(context: op.AnyContext, axis: number): number[] {
  return op
    .dimsOf(context)
    .map((_, d) => d)
    .slice(axis);
}

/** Before version 13 these flatten everything from `axis` (default 1) on into one vector. */
function softmaxAxes(context: op.AnyContext): number[] {
  const old = context.opset < 13;
  const axis = op.axisAttribute(context, old ? 1 : -1);
  return old ? axesFrom(context, axis) : [axis];
}

function family(name: string, normalize: Normalize): Operator {
  return op.define({
    name,
    types: [op.FLOAT],
    attributes: 'axis',
    infer(context) {
      softmaxAxes(context);
      return op.likeInput(context);
    },
    evaluate: (context, [y]) => along(context, y!, softmaxAxes(context), normalize),
  });
}

/** Mean and variance of the elements at `base + at`. */
export function moments(x: ArrayLike<number>, base: number, at: ArrayLike<number>): [mean: number, variance: number] {
  let mean = 0;
  for (let j = 0; j < at.length; j++) mean += x[base + at[j]!]!;
  mean /= at.length;
  let variance = 0;
  for (let j = 0; j < at.length; j++) variance += (x[base + at[j]!]! - mean) ** 2;
  return [mean, variance / at.length];
}

const PARAMETERS: readonly DataType[] = [...op.FLOAT];
const STATISTICS: readonly DataType[] = [...op.FLOAT];

const batchNorm = (opset: readonly [number, number], attributes: string): op.Definition => ({
  name: 'BatchNormalization',
  opset,
  arity: [5, 5],
  types: [op.FLOAT, PARAMETERS, PARAMETERS, STATISTICS],
  attributes: `epsilon momentum ${attributes}`,
  infer(context) {
    const { node } = context;
    const channels = op.dimsOf(context).length < 2 ? 1 : op.dimsOf(context)[1]!;
    if (op.int(node, 'spatial', 1) === 0)
      op.refuse(node, 'spatial = 0 is not supported', 'Export with opset 9 or later');
    for (const index of [1, 2, 3, 4]) op.checkShape(context, index, [channels]);
    op.float(node, 'epsilon', 1e-5);
    const training = op.int(node, 'training_mode', 0) !== 0;
    // Before version 14 it is the extra outputs that ask for training.
    if (!training && node.outputs.length > 1)
      op.refuse(node, 'training outputs are not supported', 'Export the model for inference');
    const statistics = { type: op.typeOf(context, 3), dims: op.dimsOf(context, 3) };
    return training ? [...op.likeInput(context), statistics, statistics] : op.likeInput(context);
  },
  evaluate(context, [y, runningMean, runningVariance]) {
    const { node } = context;
    const [x, scale, bias, mean, variance] = [0, 1, 2, 3, 4].map((i) => op.input(context, i));
    const dims = op.dimsOf(context);
    const others = dims.map((_, d) => d).filter((d) => d !== 1);
    const { kept, folded } = splitAxes(dims, others);
    const out = op.elements(y!);
    const epsilon = op.float(node, 'epsilon', 1e-5);
    const momentum = op.float(node, 'momentum', 0.9);
    const training = op.int(node, 'training_mode', 0) !== 0;
    kept.forEach((base, c) => {
      const [m, v] = training ? moments(x!, base, folded) : [mean![c]!, variance![c]!];
      const factor = scale![c]! / Math.sqrt(v + epsilon);
      for (const j of folded) out[base + j] = (x![base + j]! - m) * factor + bias![c]!;
      if (runningMean) op.elements(runningMean)[c] = mean![c]! * momentum + m * (1 - momentum);
      if (runningVariance) op.elements(runningVariance)[c] = variance![c]! * momentum + v * (1 - momentum);
    });
  },
});

export const NORMALIZE: readonly Operator[] = [
  family('Softmax', softmax),
  family('LogSoftmax', logSoftmax),
  family('Hardmax', hardmax),
  op.define(batchNorm([7, 8], 'spatial')),
  op.define(batchNorm([9, 13], '')),
  op.define(batchNorm([14, op.LATEST], 'training_mode')),
];
