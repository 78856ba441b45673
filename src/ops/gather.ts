/** Gather, which shape arithmetic and embeddings use. */
import { LutraError } from '../errors.js';
import * as op from './define.js';
import type { Operator } from './operator.js';
import { describeNode } from './operator.js';
import { gather, offsets, range, stridesOf } from './strides.js';

/** A position in 0..size−1 from an index that may count from the end. Indices are data: a bad one is found at run time. */
export function position({ node }: op.EvaluateContext, index: number, size: number): number {
  const at = Number(index);
  if (at >= -size && at < size) return at < 0 ? at + size : at;
  throw new LutraError('INVALID_ARGUMENT', 'index is out of range', {
    node: describeNode(node),
    expected: `${-size}..${size - 1}`,
    actual: `${at}`,
  });
}

export const GATHER: readonly Operator[] = [
  op.define({
    name: 'Gather',
    arity: [2, 2],
    types: [op.ANY, op.INDEX],
    attributes: 'axis',
    raw: true,
    infer(context) {
      const dims = op.dimsOf(context).toSpliced(op.axisAttribute(context, 0), 1, ...op.dimsOf(context, 1));
      return [{ type: op.typeOf(context), dims }];
    },
    evaluate(context, [y]) {
      const [dims, axis] = [op.dimsOf(context), op.axisAttribute(context, 0)];
      const strides = stridesOf(dims);
      const tables: Int32Array[] = dims.map((size, d) => range(size, strides[d]!));
      tables[axis] = Int32Array.from(op.input(context, 1), (i) => position(context, i, dims[axis]!) * strides[axis]!);
      gather(op.input(context), offsets(tables), op.elements(y!));
    },
  }),
];
