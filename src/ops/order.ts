/** Operators that depend on the order along an axis: top-k, running sums, reversal. */
import type { DataType } from '../graph/types.js';
import * as op from './define.js';
import type { Operator } from './operator.js';
import { SUMMABLE, splitAxes } from './reduce.js';
import { axisOffsets } from './strides.js';

function topShape(context: op.AnyContext): { axis: number; count: number } {
  const { node } = context;
  const dims = op.dimsOf(context);
  const axis = op.axisAttribute(context, -1);
  const count = context.opset < 10 ? op.int(node, 'k') : (op.numbers(context, 1)?.[0] ?? -1);
  op.check(node, count >= 0 && count <= dims[axis]!, 'k is out of range', `0..${dims[axis]}`, count);
  return { axis, count };
}

const topK = op.define({
  name: 'TopK',
  arity: [1, 2],
  types: [op.NUMBER, op.INT64],
  attributes: 'axis k largest sorted',
  infer(context) {
    const { axis, count } = topShape(context);
    const dims = op.dimsOf(context).with(axis, count);
    return [
      { type: op.typeOf(context), dims },
      { type: 'int64', dims },
    ];
  },
  evaluate(context, [y, indices]) {
    const { axis, count } = topShape(context);
    const from = splitAxes(op.dimsOf(context), [axis]);
    const to = splitAxes(y!.dims, [axis]);
    const [x, out] = [op.input(context), op.elements(y!)];
    const sign = op.int(context.node, 'largest', 1) ? 1 : -1;
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
  return op.define({
    name,
    opset,
    arity: [2, 2],
    types: [SUMMABLE, op.INDEX],
    attributes: 'exclusive reverse',
    infer(context) {
      if ('value' in (context.inputs[1] ?? {}))
        op.axisOf(context.node, op.numbers(context, 1)![0] ?? 0, op.dimsOf(context).length);
      return op.likeInput(context);
    },
    evaluate(context, [y]) {
      const { node } = context;
      const axis = op.axisOf(node, op.numbers(context, 1)![0] ?? 0, op.dimsOf(context).length);
      const { kept, folded } = splitAxes(op.dimsOf(context), [axis]);
      const exclusive = op.int(node, 'exclusive', 0) !== 0;
      const order = op.int(node, 'reverse', 0) ? folded.toReversed() : folded;
      const [x, out, combine] = [op.input(context), op.elements(y!), of(y!.type)];
      for (const base of kept) {
        let total = op.element(y!.type, start);
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
const reverseSequence = op.define({
  name: 'ReverseSequence',
  opset: [10, op.LATEST],
  arity: [2, 2],
  types: [op.ANY, op.INT64],
  attributes: 'batch_axis time_axis',
  raw: true,
  infer(context) {
    const { node } = context;
    const axes = [op.int(node, 'batch_axis', 1), op.int(node, 'time_axis', 0)];
    const both = axes[0] !== axes[1] && axes.every((axis) => axis === 0 || axis === 1);
    op.check(node, both, 'axes are not 0 and 1', '0 and 1', axes);
    const dims = op.dimsOf(context);
    op.check(node, dims.length >= 2, 'the input has too few axes', 'at least 2', dims.length);
    op.checkEqual(node, 'lengths do not fit the batch', [dims[axes[0]!]], op.dimsOf(context, 1));
    return op.likeInput(context);
  },
  evaluate(context, [y]) {
    const { node } = context;
    const [batch, time] = [op.int(node, 'batch_axis', 1), op.int(node, 'time_axis', 0)];
    const inner = splitAxes(op.dimsOf(context), [0, 1]).kept;
    const [items, steps] = [axisOffsets(op.dimsOf(context), [batch]), axisOffsets(op.dimsOf(context), [time])];
    const [x, out, lengths] = [op.input(context), op.elements(y!), op.numbers(context, 1)!];
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
  cumulative('CumSum', [11, op.LATEST], 0, () => (a, b) => a + b),
  cumulative('CumProd', [26, op.LATEST], 1, op.multiplier),
  reverseSequence,
];
