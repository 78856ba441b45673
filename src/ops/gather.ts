/** Gather, which shape arithmetic and embeddings use. */
import { LutraError } from '../errors.js';
import type { AnyContext, EvaluateContext } from './define.js';
import { ANY, axisOf, define, dimsOf, elements, INDEX, input, int, typeOf } from './define.js';
import type { Operator } from './operator.js';
import { describeNode } from './operator.js';
import { gather, offsets, range, stridesOf } from './strides.js';

/** A position in 0..size−1 from an index that may count from the end. Indices are data: a bad one is found at run time. */
export function position({ node }: EvaluateContext, index: number, size: number): number {
  const at = Number(index);
  if (at >= -size && at < size) return at < 0 ? at + size : at;
  throw new LutraError('INVALID_ARGUMENT', 'index is out of range', {
    node: describeNode(node),
    expected: `${-size}..${size - 1}`,
    actual: `${at}`,
  });
}

export function axisAttribute(context: AnyContext): number {
  return axisOf(context.node, int(context.node, 'axis', 0), dimsOf(context).length);
}

export const GATHER: readonly Operator[] = [
  define({
    name: 'Gather',
    arity: [2, 2],
    types: [ANY, INDEX],
    attributes: 'axis',
    raw: true,
    infer: (context) => [
      { type: typeOf(context), dims: dimsOf(context).toSpliced(axisAttribute(context), 1, ...dimsOf(context, 1)) },
    ],
    evaluate(context, [y]) {
      const [dims, axis] = [dimsOf(context), axisAttribute(context)];
      const strides = stridesOf(dims);
      const tables: Int32Array[] = dims.map((size, d) => range(size, strides[d]!));
      tables[axis] = Int32Array.from(input(context, 1), (i) => position(context, i, dims[axis]!) * strides[axis]!);
      gather(input(context), offsets(tables), elements(y!));
    },
  }),
];
