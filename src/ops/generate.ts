/** Operators that make tensors from numbers. */
import { elementCount } from '../graph/tensor.js';
import type { DataType, TensorType, TensorValue } from '../graph/types.js';
import { typeAttribute } from './cast.js';
import type { AnyContext, EvaluateContext } from './define.js';
import {
  ANY,
  axisOf,
  check,
  define,
  dimsOf,
  element,
  elements,
  INT64,
  input,
  int,
  LATEST,
  likeInput,
  NUMBER,
  numbers,
  refuse,
  typeOf,
} from './define.js';
import type { Operator } from './operator.js';

const RANGE_TYPES: readonly DataType[] = ['float32', 'float64', 'float16', 'int16', 'int32', 'int64'];

function rangeOf(context: AnyContext): { start: number; delta: number; count: number } {
  const [[start], [limit], [delta]] = [numbers(context, 0)!, numbers(context, 1)!, numbers(context, 2)!] as [
    number[],
    number[],
    number[],
  ];
  check(
    context.node,
    start !== undefined && limit !== undefined && delta !== undefined,
    'a bound is empty',
    'a number',
    'nothing',
  );
  check(context.node, delta !== 0, 'delta is zero', 'any other number', 0);
  return { start: start!, delta: delta!, count: Math.max(0, Math.ceil((limit! - start!) / delta!)) };
}

function oneHotShape(context: AnyContext): { axis: number; depth: number; dims: number[] } {
  const indices = dimsOf(context);
  const axis = axisOf(context.node, int(context.node, 'axis', -1), indices.length + 1);
  const depth = numbers(context, 1)?.[0] ?? -1;
  return { axis, depth: Math.trunc(depth), dims: indices.toSpliced(axis, 0, Math.trunc(depth)) };
}

function oneHot(context: EvaluateContext, y: TensorValue): void {
  const { axis, depth } = oneHotShape(context);
  const [indices, values, out] = [input(context), input(context, 2), elements(y)];
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

function checkMatrix(context: AnyContext, exactly: boolean): void {
  const rank = dimsOf(context).length;
  check(
    context.node,
    exactly ? rank === 2 : rank >= 2,
    'the input has the wrong rank',
    exactly ? 2 : 'at least 2',
    rank,
  );
}

export const GENERATE: readonly Operator[] = [
  define({
    name: 'Range',
    opset: [11, LATEST],
    arity: [3, 3],
    types: [RANGE_TYPES],
    attributes: 'stash_type',
    infer(context): TensorType[] {
      if (typeOf(context) === 'float16') refuse(context.node, 'float16 ranges are not supported', 'Use float32');
      return [{ type: typeOf(context), dims: [rangeOf(context).count] }];
    },
    evaluate(context, [y]) {
      const { start, delta } = rangeOf(context);
      const out = elements(y!);
      for (let i = 0; i < out.length; i++) out[i] = element(y!.type, start + i * delta);
    },
  }),
  define({
    name: 'OneHot',
    opset: [9, LATEST],
    arity: [3, 3],
    types: [NUMBER, [...NUMBER], ANY],
    attributes: 'axis',
    infer(context) {
      check(context.node, dimsOf(context, 2).join() === '2', 'values has the wrong shape', '[2]', dimsOf(context, 2));
      return [{ type: typeOf(context, 2), dims: oneHotShape(context).dims }];
    },
    evaluate: (context, [y]) => oneHot(context, y!),
  }),
  define({
    name: 'EyeLike',
    opset: [9, LATEST],
    types: [ANY],
    attributes: 'dtype k',
    infer(context) {
      checkMatrix(context, true);
      const { node } = context;
      const type = node.attributes.dtype === undefined ? typeOf(context) : typeAttribute(node, 'dtype');
      return [{ type, dims: dimsOf(context) }];
    },
    evaluate(context, [y]) {
      const k = int(context.node, 'k', 0);
      const [out, one, zero] = [elements(y!), element(y!.type, 1), element(y!.type, 0)];
      eachCell(y!.dims, (i, row, column) => (out[i] = column - row === k ? one : zero));
    },
  }),
  define({
    name: 'Trilu',
    opset: [14, LATEST],
    arity: [1, 2],
    types: [ANY, INT64],
    attributes: 'upper',
    raw: true,
    infer(context) {
      checkMatrix(context, false);
      return likeInput(context);
    },
    evaluate(context, [y]) {
      const upper = int(context.node, 'upper', 1) !== 0;
      const k = numbers(context, 1)?.[0] ?? 0;
      const [x, out, zero] = [input(context), elements(y!), element(y!.type, 0)];
      eachCell(y!.dims, (i, row, column) => {
        out[i] = (upper ? column - row >= k : column - row <= k) ? x[i]! : zero;
      });
    },
  }),
];
