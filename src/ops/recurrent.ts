/** RNN, GRU and LSTM as ONNX defines them. One step at a time; sums in double precision. */
import type { TensorType } from '../graph/types.js';
import * as op from './define.js';
import type { Operator } from './operator.js';

type Scalar = (x: number) => number;

/** Activations by lower-case name, with their defaults for alpha and beta. */
const ACTIVATIONS: Readonly<Record<string, (alpha: number | undefined, beta: number | undefined) => Scalar>> = {
  relu: () => (x) => Math.max(0, x),
  tanh: () => Math.tanh,
  sigmoid: () => (x) => 1 / (1 + Math.exp(-x)),
  affine:
    (alpha = 1, beta = 0) =>
    (x) =>
      alpha * x + beta,
  leakyrelu:
    (alpha = 0.01) =>
    (x) =>
      x >= 0 ? x : alpha * x,
  thresholdedrelu:
    (alpha = 1) =>
    (x) =>
      x > alpha ? x : 0,
  scaledtanh:
    (alpha = 1, beta = 1) =>
    (x) =>
      alpha * Math.tanh(beta * x),
  hardsigmoid:
    (alpha = 0.2, beta = 0.5) =>
    (x) =>
      Math.min(1, Math.max(0, alpha * x + beta)),
  elu:
    (alpha = 1) =>
    (x) =>
      x >= 0 ? x : alpha * Math.expm1(x),
  softsign: () => (x) => x / (1 + Math.abs(x)),
  softplus: () => (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
};
const TAKES_ALPHA = ['affine', 'leakyrelu', 'thresholdedrelu', 'scaledtanh', 'hardsigmoid', 'elu'];
const TAKES_BETA = ['affine', 'scaledtanh', 'hardsigmoid'];

interface Sizes {
  readonly steps: number;
  readonly batch: number;
  readonly features: number;
  readonly hidden: number;
  readonly directions: number;
  /** layout = 1: the batch comes first. */
  readonly batchFirst: boolean;
}

/** What one direction computes with. Weights are rows of gates: W [gates · hidden, features], R [gates · hidden, hidden]. */
interface Direction {
  readonly w: (row: number, x: Float64Array) => number;
  readonly r: (row: number, h: Float64Array) => number;
  /** Bias of the input side, and of the recurrent side, of a row. */
  readonly wb: (row: number) => number;
  readonly rb: (row: number) => number;
  /** Peephole weight; 0 where there are none. */
  readonly peephole: (index: number) => number;
  readonly activations: readonly Scalar[];
  readonly clip: Scalar;
}

/** Advances `h` (and for LSTM `c`) by one step. */
type Cell = (direction: Direction, x: Float64Array, h: Float64Array, c: Float64Array, hidden: number) => void;

function sizesOf(context: op.AnyContext, gates: number): Sizes {
  const { node } = context;
  const [x, w, r] = [op.dimsOf(context), op.dimsOf(context, 1), op.dimsOf(context, 2)];
  const batchFirst = op.int(node, 'layout', 0) === 1;
  const ranks = [x.length, w.length, r.length];
  op.checkEqual(node, 'inputs have the wrong rank', [3, 3, 3], ranks);
  const direction = op.choice(node, 'direction', ['forward', 'reverse', 'bidirectional']);
  const directions = direction === 'bidirectional' ? 2 : 1;
  const hidden = op.int(node, 'hidden_size', r[2]);
  const [steps, batch] = batchFirst ? [x[1]!, x[0]!] : [x[0]!, x[1]!];
  op.checkShape(context, 1, [directions, gates * hidden, x[2]!]);
  op.checkShape(context, 2, [directions, gates * hidden, hidden]);
  op.checkShape(context, 3, [directions, 2 * gates * hidden]);
  op.checkShape(context, 4, [batch]);
  const state = batchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
  op.checkShape(context, 5, state);
  if (gates === 4) {
    op.checkShape(context, 6, state);
    op.checkShape(context, 7, [directions, 3 * hidden]);
  }
  return { steps, batch, features: x[2]!, hidden, directions, batchFirst };
}

function activationsOf(context: op.AnyContext, defaults: readonly string[], directions: number): Scalar[] {
  const { node } = context;
  const given = node.attributes.activations as readonly string[] | undefined;
  const names = (given ?? Array.from({ length: directions }, () => defaults).flat()).map((name) =>
    `${name}`.toLowerCase(),
  );
  op.checkEqual(node, 'activations has the wrong length', directions * defaults.length, names.length);
  const [alphas, betas] = [op.floats(node, 'activation_alpha') ?? [], op.floats(node, 'activation_beta') ?? []];
  return names.map((name) => {
    const make = Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;
    if (!make) return op.refuse(node, `the activation ${name} is not supported`, `Known: ${Object.keys(ACTIVATIONS)}`);
    return make(
      TAKES_ALPHA.includes(name) ? alphas.shift() : undefined,
      TAKES_BETA.includes(name) ? betas.shift() : undefined,
    );
  });
}

function directionOf(
  context: op.EvaluateContext,
  { hidden, features }: Sizes,
  gates: number,
  d: number,
  activations: readonly Scalar[],
): Direction {
  const [w, r] = [op.input(context, 1), op.input(context, 2)];
  const b = context.inputs[3] && op.input(context, 3);
  const p = context.inputs[7] && op.input(context, 7);
  const rows = gates * hidden;
  const dot = (weights: op.Elements, base: number, x: Float64Array) => {
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += weights[base + i]! * x[i]!;
    return sum;
  };
  const limit = op.float(context.node, 'clip', Infinity);
  return {
    w: (row, x) => dot(w, (d * rows + row) * features, x),
    r: (row, h) => dot(r, (d * rows + row) * hidden, h),
    wb: (row) => (b ? b[d * 2 * rows + row]! : 0),
    rb: (row) => (b ? b[d * 2 * rows + rows + row]! : 0),
    peephole: (index) => (p ? p[d * 3 * hidden + index]! : 0),
    activations,
    clip: limit === Infinity ? (x) => x : (x) => Math.min(limit, Math.max(-limit, x)),
  };
}

const rnnCell: Cell = ({ w, r, wb, rb, activations, clip }, x, h, _c, hidden) => {
  const before = h.slice();
  for (let j = 0; j < hidden; j++) h[j] = activations[0]!(clip(w(j, x) + r(j, before) + wb(j) + rb(j)));
};

/** Gates in the order z, r, h. */
const gruCell =
  (linearBeforeReset: boolean): Cell =>
  ({ w, r, wb, rb, activations: [f, g], clip }, x, h, _c, hidden) => {
    const before = h.slice();
    const gate = (row: number) => f!(clip(w(row, x) + r(row, before) + wb(row) + rb(row)));
    const reset = Float64Array.from(before, (_, j) => gate(hidden + j));
    const weighted = before.map((value, j) => value * reset[j]!);
    for (let j = 0; j < hidden; j++) {
      const row = 2 * hidden + j;
      const recurrent = linearBeforeReset ? reset[j]! * (r(row, before) + rb(row)) : r(row, weighted) + rb(row);
      const candidate = g!(clip(w(row, x) + recurrent + wb(row)));
      const z = gate(j);
      h[j] = (1 - z) * candidate + z * before[j]!;
    }
  };

/** Gates in the order i, o, f, c; peepholes in the order i, o, f. */
const lstmCell =
  (inputForget: boolean): Cell =>
  ({ w, r, wb, rb, peephole, activations: [f, g, out], clip }, x, h, c, hidden) => {
    const before = h.slice();
    const sum = (row: number) => w(row, x) + r(row, before) + wb(row) + rb(row);
    for (let j = 0; j < hidden; j++) {
      const old = c[j]!;
      const i = f!(clip(sum(j) + peephole(j) * old));
      const forget = inputForget ? 1 - i : f!(clip(sum(2 * hidden + j) + peephole(2 * hidden + j) * old));
      c[j] = forget * old + i * g!(clip(sum(3 * hidden + j)));
      h[j] = f!(clip(sum(hidden + j) + peephole(hidden + j) * c[j]!)) * out!(c[j]!);
    }
  };

function run(
  context: op.EvaluateContext,
  outputs: Parameters<Operator['evaluate']>[1],
  gates: number,
  defaults: readonly string[],
  cell: Cell,
): void {
  const sizes = sizesOf(context, gates);
  const { steps, batch, features, hidden, directions, batchFirst } = sizes;
  const activations = activationsOf(context, defaults, directions);
  const x = op.input(context);
  const lengths = context.inputs[4] && op.input(context, 4);
  const start = [5, 6].map((index) => (context.inputs[index] ? op.input(context, index) : undefined));
  const [y, last, lastCell] = outputs.map((output) => op.elements(output));
  // What lies behind the end of a shorter sequence.
  y?.fill(0);
  const stateAt = (d: number, n: number) => (batchFirst ? n * directions + d : d * batch + n) * hidden;
  for (let d = 0; d < directions; d++) {
    const direction = directionOf(context, sizes, gates, d, activations.slice(d * defaults.length));
    const backwards = d === 1 || context.node.attributes.direction === 'reverse';
    for (let n = 0; n < batch; n++) {
      const length = lengths ? Math.min(steps, Math.max(0, Number(lengths[n]))) : steps;
      const state = start.map((values) =>
        Float64Array.from({ length: hidden }, (_, j) => (values ? values[stateAt(d, n) + j]! : 0)),
      );
      const [h, c] = state as [Float64Array, Float64Array];
      for (let step = 0; step < length; step++) {
        const t = backwards ? length - 1 - step : step;
        const base = (batchFirst ? n * steps + t : t * batch + n) * features;
        cell(
          direction,
          Float64Array.from({ length: features }, (_, i) => x[base + i]!),
          h,
          c,
          hidden,
        );
        const at = (batchFirst ? (n * steps + t) * directions + d : (t * directions + d) * batch + n) * hidden;
        if (y) for (let j = 0; j < hidden; j++) y[at + j] = h[j]!;
      }
      for (const [values, target] of [
        [h, last],
        [c, lastCell],
      ] as const) {
        if (target) for (let j = 0; j < hidden; j++) target[stateAt(d, n) + j] = values[j]!;
      }
    }
  }
}

function recurrent(
  name: string,
  gates: number,
  defaults: readonly string[],
  more: string,
  cellOf: (context: op.AnyContext) => Cell,
): Operator {
  const isLstm = gates === 4;
  return op.define({
    name,
    arity: [3, isLstm ? 8 : 6],
    types: [op.FLOAT, op.FLOAT, op.FLOAT, op.FLOAT, ['int32'], op.FLOAT, op.FLOAT, op.FLOAT],
    attributes: `activation_alpha activation_beta activations clip direction hidden_size layout ${more}`.trim(),
    infer(context): TensorType[] {
      const { steps, batch, hidden, directions, batchFirst } = sizesOf(context, gates);
      activationsOf(context, defaults, directions);
      op.float(context.node, 'clip', 0);
      cellOf(context);
      const type = op.typeOf(context);
      const state = { type, dims: batchFirst ? [batch, directions, hidden] : [directions, batch, hidden] };
      const all = { type, dims: batchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden] };
      return isLstm ? [all, state, state] : [all, state];
    },
    evaluate: (context, outputs) => run(context, outputs, gates, defaults, cellOf(context)),
  });
}

export const RECURRENT: readonly Operator[] = [
  recurrent('RNN', 1, ['Tanh'], '', () => rnnCell),
  recurrent('GRU', 3, ['Sigmoid', 'Tanh'], 'linear_before_reset', ({ node }) =>
    gruCell(op.int(node, 'linear_before_reset', 0) !== 0),
  ),
  recurrent('LSTM', 4, ['Sigmoid', 'Tanh', 'Tanh'], 'input_forget', ({ node }) =>
    lstmCell(op.int(node, 'input_forget', 0) !== 0),
  ),
];
