/** Reductions that few networks use. */
import type { DataType } from '../graph/types.js';
import { element, FLOAT, multiplier } from './define.js';
import type { Operator } from './operator.js';
import { extreme, type Fold, reduction, SUMMABLE, sum } from './reduce.js';

function product(type: DataType): Fold {
  const [one, times] = [element(type, 1), multiplier(type)];
  return (x, base, at) => {
    let total = one;
    for (let j = 0; j < at.length; j++) total = times(total, x[base + at[j]!]!);
    return total;
  };
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
export const REDUCE_RARE: readonly Operator[] = [
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
];
