/** Operators along axes: reductions, arg-max, top-k, running sums. */
import type { DataType } from '../graph/types.js';
import type { AnyContext, Elements } from './define.js';
import {
  ANY,
  axesOf,
  axisOf,
  check,
  define,
  dimsOf,
  element,
  elements,
  FLOAT,
  INDEX,
  INT64,
  input,
  int,
  isFloat,
  LATEST,
  likeInput,
  limits,
  multiplier,
  NUMBER,
  numbers,
  setting,
  typeOf,
} from './define.js';
import type { Operator } from './operator.js';
import { axisOffsets } from './strides.js';

/** Result for the elements `x[base + at[j]]`. */
type Fold = (x: Elements, base: number, at: Int32Array) => number;

/** Kept axes and reduced axes as lists of offsets: every result folds one `kept` base over all `folded` offsets. */
export function splitAxes(dims: readonly number[], axes: readonly number[]): { kept: Int32Array; folded: Int32Array } {
  const rest = dims.map((_, d) => d).filter((d) => !axes.includes(d));
  return { kept: axisOffsets(dims, rest), folded: axisOffsets(dims, axes) };
}

function reducedAxes(context: AnyContext, since: number): number[] {
  const { node } = context;
  const rank = dimsOf(context).length;
  const given = setting(context, 'axes', 1, since);
  if (given?.length) return axesOf(node, given, rank);
  return int(node, 'noop_with_empty_axes', 0) ? [] : dimsOf(context).map((_, d) => d);
}

function withoutAxes(dims: readonly number[], axes: readonly number[], keep: boolean): number[] {
  return keep ? dims.map((size, d) => (axes.includes(d) ? 1 : size)) : dims.filter((_, d) => !axes.includes(d));
}

/** `since`: the version from which axes are an input. */
function reduction(name: string, types: readonly DataType[], of: (type: DataType) => Fold, since = 18): Operator {
  return define({
    name,
    arity: [1, 2],
    types: [types, INT64],
    attributes: 'axes keepdims noop_with_empty_axes',
    infer(context) {
      const axes = reducedAxes(context, since);
      const dims = withoutAxes(dimsOf(context), axes, int(context.node, 'keepdims', 1) !== 0);
      return [{ type: typeOf(context), dims }];
    },
    evaluate(context, [y]) {
      const { kept, folded } = splitAxes(dimsOf(context), reducedAxes(context, since));
      const [x, out, fold] = [input(context), elements(y!), of(y!.type)];
      for (let i = 0; i < out.length; i++) out[i] = fold(x, kept[i]!, folded);
    },
  });
}

function sum(type: DataType, of: (x: number) => number = (x) => x): Fold {
  const zero = element(type, 0);
  return (x, base, at) => {
    let total = zero;
    for (let j = 0; j < at.length; j++) total += of(x[base + at[j]!]!);
    return total;
  };
}

/** Extreme of the elements; NaN wins. Of nothing: the identity of the type. */
function extreme(type: DataType, max: boolean): Fold {
  const start = limits(type)[max ? 0 : 1];
  return (x, base, at) => {
    let best = start;
    for (let j = 0; j < at.length; j++) {
      const value = x[base + at[j]!]!;
      if ((max ? value > best : value < best) || Number.isNaN(value)) best = value;
    }
    return best;
  };
}

function product(type: DataType): Fold {
  const [one, times] = [element(type, 1), multiplier(type)];
  return (x, base, at) => {
    let total = one;
    for (let j = 0; j < at.length; j++) total = times(total, x[base + at[j]!]!);
    return total;
  };
}

function mean(type: DataType): Fold {
  const total = sum(type);
  if (isFloat(type)) return (x, base, at) => total(x, base, at) / at.length;
  return (x, base, at) => (at.length ? total(x, base, at) / element(type, at.length) : total(x, base, at));
}

function logSumExp(type: DataType): Fold {
  const max = extreme(type, true);
  return (x, base, at) => {
    const top = max(x, base, at);
    // An infinite maximum is the result itself, or the log of no terms at all.
    return Number.isFinite(top) ? top + Math.log(sum(type, (value) => Math.exp(value - top))(x, base, at)) : top;
  };
}

const square = (type: DataType) => {
  const times = multiplier(type);
  return sum(type, (x) => times(x, x));
};
const absolute = (type: DataType) => sum(type, (x) => (x < 0 ? -x : x));
const after =
  (fold: (type: DataType) => Fold, finish: (x: number) => number) =>
  (type: DataType): Fold => {
    const inner = fold(type);
    return (x, base, at) => finish(inner(x, base, at));
  };
/** Sums of narrow integers would have to wrap at every step; exporters do not emit them. */
const SUMMABLE: readonly DataType[] = [...FLOAT, 'int32', 'uint32', 'int64', 'uint64'];

function argExtreme(name: string, better: (a: number, b: number) => boolean): Operator {
  const axisAttribute = (context: AnyContext) =>
    axisOf(context.node, int(context.node, 'axis', 0), dimsOf(context).length);
  return define({
    name,
    types: [NUMBER],
    attributes: 'axis keepdims select_last_index',
    infer(context) {
      const axis = axisAttribute(context);
      check(context.node, dimsOf(context)[axis]! > 0, 'the axis is empty', 'at least 1 element', 0);
      return [{ type: 'int64', dims: withoutAxes(dimsOf(context), [axis], int(context.node, 'keepdims', 1) !== 0) }];
    },
    evaluate(context, [y]) {
      const { kept, folded } = splitAxes(dimsOf(context), [axisAttribute(context)]);
      const [x, out] = [input(context), y!.data as BigInt64Array];
      const last = int(context.node, 'select_last_index', 0) !== 0;
      for (let i = 0; i < out.length; i++) {
        let best = 0;
        for (let j = 1; j < folded.length; j++) {
          const [value, top] = [x[kept[i]! + folded[j]!]!, x[kept[i]! + folded[best]!]!];
          if (better(value, top) || (last && value === top) || (Number.isNaN(value) && !Number.isNaN(top))) best = j;
        }
        out[i] = BigInt(best);
      }
    },
  });
}

function topShape(context: AnyContext): { axis: number; count: number } {
  const { node } = context;
  const axis = axisOf(node, int(node, 'axis', -1), dimsOf(context).length);
  const count = context.opset < 10 ? int(node, 'k') : (numbers(context, 1)?.[0] ?? -1);
  check(node, count >= 0 && count <= dimsOf(context)[axis]!, 'k is out of range', `0..${dimsOf(context)[axis]}`, count);
  return { axis, count };
}

const topK = define({
  name: 'TopK',
  arity: [1, 2],
  types: [NUMBER, INT64],
  attributes: 'axis k largest sorted',
  infer(context) {
    const { axis, count } = topShape(context);
    const dims = dimsOf(context).with(axis, count);
    return [
      { type: typeOf(context), dims },
      { type: 'int64', dims },
    ];
  },
  evaluate(context, [y, indices]) {
    const { axis, count } = topShape(context);
    const from = splitAxes(dimsOf(context), [axis]);
    const to = splitAxes(y!.dims, [axis]);
    const [x, out] = [input(context), elements(y!)];
    const sign = int(context.node, 'largest', 1) ? 1 : -1;
    from.kept.forEach((base, row) => {
      // A stable sort keeps the lower index first among equals, as ONNX asks.
      const order = Array.from(from.folded, (_, j) => j).sort((i, j) => {
        const [a, b] = [x[base + from.folded[i]!]!, x[base + from.folded[j]!]!];
        return a === b ? 0 : a > b ? -sign : sign;
      });
      for (let j = 0; j < count; j++) {
        const at = to.kept[row]! + to.folded[j]!;
        out[at] = x[base + from.folded[order[j]!]!]!;
        if (indices) (indices.data as BigInt64Array)[at] = BigInt(order[j]!);
      }
    });
  },
});

/** Running fold along an axis (CumSum, CumProd). */
function cumulative(
  name: string,
  opset: readonly [number, number],
  start: 0 | 1,
  of: (type: DataType) => (a: number, b: number) => number,
) {
  return define({
    name,
    opset,
    arity: [2, 2],
    types: [SUMMABLE, INDEX],
    attributes: 'exclusive reverse',
    infer(context) {
      if ('value' in (context.inputs[1] ?? {}))
        axisOf(context.node, numbers(context, 1)![0] ?? 0, dimsOf(context).length);
      return likeInput(context);
    },
    evaluate(context, [y]) {
      const { node } = context;
      const axis = axisOf(node, numbers(context, 1)![0] ?? 0, dimsOf(context).length);
      const { kept, folded } = splitAxes(dimsOf(context), [axis]);
      const exclusive = int(node, 'exclusive', 0) !== 0;
      const order = int(node, 'reverse', 0) ? folded.toReversed() : folded;
      const [x, out, combine] = [input(context), elements(y!), of(y!.type)];
      for (const base of kept) {
        let total = element(y!.type, start);
        for (const step of order) {
          const next = combine(total, x[base + step]!);
          out[base + step] = exclusive ? total : next;
          total = next;
        }
      }
    },
  });
}

/** Copies the input with the first `length` steps of every batch item reversed in time. */
const reverseSequence = define({
  name: 'ReverseSequence',
  opset: [10, LATEST],
  arity: [2, 2],
  types: [ANY, INT64],
  attributes: 'batch_axis time_axis',
  raw: true,
  infer(context) {
    const { node } = context;
    const axes = [int(node, 'batch_axis', 1), int(node, 'time_axis', 0)];
    check(
      node,
      axes[0] !== axes[1] && axes.every((axis) => axis === 0 || axis === 1),
      'axes are not 0 and 1',
      '0 and 1',
      axes,
    );
    check(node, dimsOf(context).length >= 2, 'the input has too few axes', 'at least 2', dimsOf(context).length);
    check(
      node,
      `${dimsOf(context, 1)}` === `${dimsOf(context)[axes[0]!]}`,
      'lengths do not fit the batch',
      `[${dimsOf(context)[axes[0]!]}]`,
      `[${dimsOf(context, 1)}]`,
    );
    return likeInput(context);
  },
  evaluate(context, [y]) {
    const { node } = context;
    const [batch, time] = [int(node, 'batch_axis', 1), int(node, 'time_axis', 0)];
    const inner = splitAxes(dimsOf(context), [0, 1]).kept;
    const [items, steps] = [axisOffsets(dimsOf(context), [batch]), axisOffsets(dimsOf(context), [time])];
    const [x, out, lengths] = [input(context), elements(y!), numbers(context, 1)!];
    items.forEach((item, b) => {
      steps.forEach((to, t) => {
        const from = steps[t < lengths[b]! ? lengths[b]! - 1 - t : t]!;
        for (const i of inner) out[item + to + i] = x[item + from + i]!;
      });
    });
  },
});

export const REDUCE: readonly Operator[] = [
  reduction('ReduceSum', SUMMABLE, (type) => sum(type), 13),
  reduction('ReduceMean', SUMMABLE, mean),
  reduction('ReduceMax', ANY, (type) => extreme(type, true)),
  reduction('ReduceMin', ANY, (type) => extreme(type, false)),
  reduction('ReduceProd', SUMMABLE, product),
  reduction('ReduceSumSquare', SUMMABLE, square),
  reduction('ReduceL1', SUMMABLE, absolute),
  reduction('ReduceL2', FLOAT, after(square, Math.sqrt)),
  reduction(
    'ReduceLogSum',
    FLOAT,
    after((type) => sum(type), Math.log),
  ),
  reduction('ReduceLogSumExp', FLOAT, logSumExp),
  argExtreme('ArgMax', (a, b) => a > b),
  argExtreme('ArgMin', (a, b) => a < b),
  topK,
  cumulative('CumSum', [11, LATEST], 0, () => (a, b) => a + b),
  cumulative('CumProd', [26, LATEST], 1, multiplier),
  reverseSequence,
];
