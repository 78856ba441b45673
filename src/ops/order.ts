/** Operators that depend on the order along an axis: top-k, running sums, reversal. */
import type { DataType } from '../graph/types.js';
import type { AnyContext } from './define.js';
import {
  ANY,
  axisOf,
  check,
  define,
  dimsOf,
  element,
  elements,
  INDEX,
  INT64,
  input,
  int,
  LATEST,
  likeInput,
  multiplier,
  NUMBER,
  numbers,
  typeOf,
} from './define.js';
import type { Operator } from './operator.js';
import { SUMMABLE, splitAxes } from './reduce.js';
import { axisOffsets } from './strides.js';

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

export const ORDER: readonly Operator[] = [
  topK,
  cumulative('CumSum', [11, LATEST], 0, () => (a, b) => a + b),
  cumulative('CumProd', [26, LATEST], 1, multiplier),
  reverseSequence,
];
