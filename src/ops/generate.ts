/** Operators that make tensors from numbers. */
import { elementCount } from '../graph/tensor.js';
import type { DataType, TensorType, TensorValue } from '../graph/types.js';
import { typeAttribute } from './cast.js';
import * as op from './define.js';
import type { Operator } from './operator.js';

const RANGE_TYPES: readonly DataType[] = ['float32', 'float64', 'float16', 'int16', 'int32', 'int64'];

function rangeOf(context: op.AnyContext): { start: number; delta: number; count: number } {
  const [start, limit, delta] = [0, 1, 2].map((i) => op.numbers(context, i)![0]);
  const given = start !== undefined && limit !== undefined && delta !== undefined;
  op.check(context.node, given, 'a bound is empty', 'a number', 'nothing');
  op.check(context.node, delta !== 0, 'delta is zero', 'any other number', 0);
  return { start: start!, delta: delta!, count: Math.max(0, Math.ceil((limit! - start!) / delta!)) };
}

function oneHotShape(context: op.AnyContext): { axis: number; depth: number; dims: number[] } {
  const indices = op.dimsOf(context);
  const axis = op.axisOf(context.node, op.int(context.node, 'axis', -1), indices.length + 1);
  const depth = op.numbers(context, 1)?.[0] ?? -1;
  return { axis, depth: Math.trunc(depth), dims: indices.toSpliced(axis, 0, Math.trunc(depth)) };
}

function oneHot(context: op.EvaluateContext, y: TensorValue): void {
  const { axis, depth } = oneHotShape(context);
  const [indices, values, out] = [op.input(context), op.input(context, 2), op.elements(y)];
  const inner = elementCount(y.dims.slice(axis + 1));
  out.fill(values[0]!);
  for (let i = 0; i < indices.length; i++) {
    const index = Math.trunc(Number(indices[i]));
    const at = index < 0 ? index + depth : index;
    // An index outside of the depth leaves its row off.
    if (at >= 0 && at < depth) out[(Math.floor(i / inner) * depth + at) * inner + (i % inner)] = values[1]!;
  }
}

/** Visits (row, column) of every matrix in the last two axes. */
function eachCell(dims: readonly number[], visit: (i: number, row: number, column: number) => void): void {
  const [rows, columns] = [dims.at(-2)!, dims.at(-1)!];
  for (let i = 0; i < elementCount(dims); i++) visit(i, Math.floor(i / columns) % rows, i % columns);
}

function checkMatrix(context: op.AnyContext, exactly: boolean): void {
  const rank = op.dimsOf(context).length;
  const fits = exactly ? rank === 2 : rank >= 2;
  op.check(context.node, fits, 'the input has the wrong rank', exactly ? 2 : 'at least 2', rank);
}

export const GENERATE: readonly Operator[] = [
  op.define({
    name: 'Range',
    opset: [11, op.LATEST],
    arity: [3, 3],
    types: [RANGE_TYPES],
    attributes: 'stash_type',
    infer(context): TensorType[] {
      if (op.typeOf(context) === 'float16') op.refuse(context.node, 'float16 ranges are not supported', 'Use float32');
      return [{ type: op.typeOf(context), dims: [rangeOf(context).count] }];
    },
    evaluate(context, [y]) {
      const { start, delta } = rangeOf(context);
      const out = op.elements(y!);
      for (let i = 0; i < out.length; i++) out[i] = op.element(y!.type, start + i * delta);
    },
  }),
  op.define({
    name: 'OneHot',
    opset: [9, op.LATEST],
    arity: [3, 3],
    types: [op.NUMBER, [...op.NUMBER], op.ANY],
    attributes: 'axis',
    infer(context) {
      op.checkShape(context, 2, [2], 'values');
      return [{ type: op.typeOf(context, 2), dims: oneHotShape(context).dims }];
    },
    evaluate: (context, [y]) => oneHot(context, y!),
  }),
  op.define({
    name: 'EyeLike',
    opset: [9, op.LATEST],
    types: [op.ANY],
    attributes: 'dtype k',
    infer(context) {
      checkMatrix(context, true);
      const { node } = context;
      const type = node.attributes.dtype === undefined ? op.typeOf(context) : typeAttribute(node, 'dtype');
      return [{ type, dims: op.dimsOf(context) }];
    },
    evaluate(context, [y]) {
      const k = op.int(context.node, 'k', 0);
      const [out, one, zero] = [op.elements(y!), op.element(y!.type, 1), op.element(y!.type, 0)];
      eachCell(y!.dims, (i, row, column) => (out[i] = column - row === k ? one : zero));
    },
  }),
  op.define({
    name: 'Trilu',
    opset: [14, op.LATEST],
    arity: [1, 2],
    types: [op.ANY, op.INT64],
    attributes: 'upper',
    raw: true,
    infer(context) {
      checkMatrix(context, false);
      return op.likeInput(context);
    },
    evaluate(context, [y]) {
      const upper = op.int(context.node, 'upper', 1) !== 0;
      const k = op.numbers(context, 1)?.[0] ?? 0;
      const [x, out, zero] = [op.input(context), op.elements(y!), op.element(y!.type, 0)];
      eachCell(y!.dims, (i, row, column) => {
        out[i] = (upper ? column - row >= k : column - row <= k) ? x[i]! : zero;
      });
    },
  }),
];
