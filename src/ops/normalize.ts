import type { DataType } from '../graph/types.js';
import type { AnyContext, Definition, EvaluateContext } from './define.js';
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
  context: EvaluateContext,
  y: { data: unknown },
  axes: readonly number[],
  normalize: Normalize,
): void {
  const { kept, folded } = splitAxes(dimsOf(context), axes);
  const [x, out] = [input(context), elements(y as Parameters<typeof elements>[0])];
  const values = new Float64Array(folded.length);
  for (const base of kept) {
    for (let j = 0; j < values.length; j++) values[j] = x[base + folded[j]!]!;
    normalize(values);
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

function family(name: string, normalize: Normalize): Operator {
  return define({
    name,
    types: [FLOAT],
    attributes: 'axis',
    infer(context) {
      softmaxAxes(context);
      return likeInput(context);
    },
    evaluate: (context, [y]) => along(context, y!, softmaxAxes(context), normalize),
  });
}

export function checkVector(context: AnyContext, index: number, length: number): void {
  const dims = context.inputs[index]?.dims;
  check(
    context.node,
    !dims || `${dims}` === `${length}`,
    `input ${index} has the wrong shape`,
    `[${length}]`,
    `[${dims}]`,
  );
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

export const NORMALIZE: readonly Operator[] = [
  family('Softmax', softmax),
  family('LogSoftmax', logSoftmax),
  family('Hardmax', hardmax),
  define(batchNorm([7, 8], 'spatial')),
  define(batchNorm([9, 13], '')),
  define(batchNorm([14, LATEST], 'training_mode')),
];
