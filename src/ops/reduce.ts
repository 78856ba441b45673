/** Reductions along axes. */
import type { DataType } from '../graph/types.js';
import * as op from './define.js';
import type { Operator } from './operator.js';
import { axisOffsets } from './strides.js';

/** Result for the elements `x[base + at[j]]`. */
export type Fold = (x: op.Elements, base: number, at: Int32Array) => number;

/** Kept axes and reduced axes as lists of offsets: every result folds one `kept` base over all `folded` offsets. */
export function splitAxes(dims: readonly number[], axes: readonly number[]): { kept: Int32Array; folded: Int32Array } {
  const rest = dims.map((_, d) => d).filter((d) => !axes.includes(d));
  return { kept: axisOffsets(dims, rest), folded: axisOffsets(dims, axes) };
}

function reducedAxes(context: op.AnyContext, since: number): number[] {
  const { node } = context;
  const rank = op.dimsOf(context).length;
  const given = op.setting(context, 'axes', 1, since);
  if (given?.length) return op.axesOf(node, given, rank);
  return op.int(node, 'noop_with_empty_axes', 0) ? [] : op.dimsOf(context).map((_, d) => d);
}

function withoutAxes(dims: readonly number[], axes: readonly number[], keep: boolean): number[] {
  return keep ? dims.map((size, d) => (axes.includes(d) ? 1 : size)) : dims.filter((_, d) => !axes.includes(d));
}

/** `since`: the version from which axes are an input. */
export function reduction(
  name: string,
  types: readonly DataType[],
  of: (type: DataType) => Fold,
  since = 18,
): Operator {
  return op.define({
    name,
    arity: [1, 2],
    types: [types, op.INT64],
    attributes: 'axes keepdims noop_with_empty_axes',
    infer(context) {
      const axes = reducedAxes(context, since);
      const dims = withoutAxes(op.dimsOf(context), axes, op.int(context.node, 'keepdims', 1) !== 0);
      return [{ type: op.typeOf(context), dims }];
    },
    evaluate(context, [y]) {
      const { kept, folded } = splitAxes(op.dimsOf(context), reducedAxes(context, since));
      const [x, out, fold] = [op.input(context), op.elements(y!), of(y!.type)];
      for (let i = 0; i < out.length; i++) out[i] = fold(x, kept[i]!, folded);
    },
  });
}

export function sum(type: DataType, of: (x: number) => number = (x) => x): Fold {
  const zero = op.element(type, 0);
  return (x, base, at) => {
    let total = zero;
    for (let j = 0; j < at.length; j++) total += of(x[base + at[j]!]!);
    return total;
  };
}

/** Extreme of the elements; NaN wins. Of nothing: the identity of the type. */
export function extreme(type: DataType, max: boolean): Fold {
  const start = op.limits(type)[max ? 0 : 1];
  return (x, base, at) => {
    let best = start;
    for (let j = 0; j < at.length; j++) {
      const value = x[base + at[j]!]!;
      if ((max ? value > best : value < best) || Number.isNaN(value)) best = value;
    }
    return best;
  };
}

function mean(type: DataType): Fold {
  const total = sum(type);
  if (op.isFloat(type)) return (x, base, at) => total(x, base, at) / at.length;
  return (x, base, at) => (at.length ? total(x, base, at) / op.element(type, at.length) : total(x, base, at));
}

/** Sums of narrow integers would have to wrap at every step; exporters do not emit them. */
export const SUMMABLE: readonly DataType[] = [...op.FLOAT, 'int32', 'uint32', 'int64', 'uint64'];

function argExtreme(name: string, better: (a: number, b: number) => boolean): Operator {
  return op.define({
    name,
    types: [op.NUMBER],
    attributes: 'axis keepdims select_last_index',
    infer(context) {
      const axis = op.axisAttribute(context, 0);
      op.check(context.node, op.dimsOf(context)[axis]! > 0, 'the axis is empty', 'at least 1 element', 0);
      const dims = withoutAxes(op.dimsOf(context), [axis], op.int(context.node, 'keepdims', 1) !== 0);
      return [{ type: 'int64', dims }];
    },
    evaluate(context, [y]) {
      const { kept, folded } = splitAxes(op.dimsOf(context), [op.axisAttribute(context, 0)]);
      const [x, out] = [op.input(context), y!.data as BigInt64Array];
      const last = op.int(context.node, 'select_last_index', 0) !== 0;
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

export const REDUCE: readonly Operator[] = [
  reduction('ReduceSum', SUMMABLE, (type) => sum(type), 13),
  reduction('ReduceMean', SUMMABLE, mean),
  reduction('ReduceMax', op.ANY, (type) => extreme(type, true)),
  reduction('ReduceMin', op.ANY, (type) => extreme(type, false)),
  argExtreme('ArgMax', (a, b) => a > b),
  argExtreme('ArgMin', (a, b) => a < b),
];
