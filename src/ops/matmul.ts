import { elementCount } from '../graph/tensor.js';
import type { DataType, Node } from '../graph/types.js';
import * as op from './define.js';
import type { Operator } from './operator.js';
import { broadcastDims, broadcastOffsets, stridesOf } from './strides.js';

const NUMERIC: readonly DataType[] = [...op.FLOAT, 'int32', 'uint32', 'int64', 'uint64'];

/** Shapes of numpy's matmul: vectors get an axis that the result loses again; leading axes broadcast. */
export function matmulShape(node: Node, a: readonly number[], b: readonly number[]) {
  op.check(node, a.length > 0 && b.length > 0, 'a scalar cannot be multiplied', 'at least 1 axis', 0);
  const rows = a.length > 1 ? a.at(-2)! : 1;
  const depth = a.at(-1)!;
  const columns = b.length > 1 ? b.at(-1)! : 1;
  const other = b.at(-2) ?? b[0]!;
  op.checkEqual(node, 'inner sizes differ', depth, other);
  const batch = broadcastDims(node, [a.slice(0, -2), b.slice(0, -2)]);
  const dims = [...batch, ...(a.length > 1 ? [rows] : []), ...(b.length > 1 ? [columns] : [])];
  return { dims, batch, rows, depth, columns };
}

/** Calls `store` with every element of the product in order. `a` and `b` read elements; sums start at `zero`. */
export function multiply(
  shape: ReturnType<typeof matmulShape>,
  aDims: readonly number[],
  bDims: readonly number[],
  product: (a: number, b: number) => number,
  zero: number,
  store: (index: number, sum: number) => void,
): void {
  const { batch, rows, depth, columns } = shape;
  const matrices = (dims: readonly number[]) => broadcastOffsets(dims.slice(0, -2), batch);
  const [aBatch, bBatch] = [matrices(aDims), matrices(bDims)];
  for (let n = 0, i = 0; n < elementCount(batch); n++) {
    const aBase = (aBatch ? aBatch[n]! : n) * rows * depth;
    const bBase = (bBatch ? bBatch[n]! : n) * depth * columns;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++, i++) {
        let sum = zero;
        for (let k = 0; k < depth; k++) sum += product(aBase + r * depth + k, bBase + k * columns + c);
        store(i, sum);
      }
    }
  }
}

const matmul = op.define({
  name: 'MatMul',
  arity: [2, 2],
  types: [NUMERIC],
  traits: op.LAYER_TRAITS,
  infer: (context) => [
    { type: op.typeOf(context), dims: matmulShape(context.node, op.dimsOf(context), op.dimsOf(context, 1)).dims },
  ],
  evaluate(context, [y]) {
    const [aDims, bDims] = [op.dimsOf(context), op.dimsOf(context, 1)];
    const [a, b, out] = [op.input(context), op.input(context, 1), op.elements(y!)];
    const times = op.multiplier(op.typeOf(context));
    const shape = matmulShape(context.node, aDims, bDims);
    const zero = op.element(op.typeOf(context), 0);
    multiply(
      shape,
      aDims,
      bDims,
      (i, j) => times(a[i]!, b[j]!),
      zero,
      (i, sum) => (out[i] = sum),
    );
  },
});

function gemmShape(context: op.AnyContext) {
  const { node } = context;
  const side = (index: number, name: string) => {
    const dims = op.dimsOf(context, index);
    op.checkEqual(node, `input ${index} has the wrong rank`, 2, dims.length);
    const strides = stridesOf(dims);
    const swap = op.int(node, name, 0) !== 0;
    return { dims: swap ? [dims[1]!, dims[0]!] : dims, strides: swap ? [strides[1]!, strides[0]!] : strides };
  };
  const [a, b] = [side(0, 'transA'), side(1, 'transB')];
  op.checkEqual(node, 'inner sizes differ', a.dims[1], b.dims[0]);
  const dims = [a.dims[0]!, b.dims[1]!];
  const c = context.inputs[2]?.dims;
  if (c)
    op.check(node, `${broadcastDims(node, [dims, c])}` === `${dims}`, 'C does not broadcast', `[${dims}]`, `[${c}]`);
  return { a, b, c, dims };
}

const gemm = op.define({
  name: 'Gemm',
  arity: [2, 3],
  types: [op.FLOAT],
  attributes: 'alpha beta transA transB',
  traits: op.LAYER_TRAITS,
  infer: (context) => [{ type: op.typeOf(context), dims: gemmShape(context).dims }],
  evaluate(context, [y]) {
    const { a, b, c, dims } = gemmShape(context);
    const [x, w, out] = [op.input(context), op.input(context, 1), op.elements(y!)];
    const bias: op.Elements | undefined = c && op.input(context, 2);
    const biasAt = c && broadcastOffsets(c, dims);
    const alpha = op.float(context.node, 'alpha', 1);
    const beta = op.float(context.node, 'beta', 1);
    const [rows, columns] = dims as [number, number];
    for (let r = 0, i = 0; r < rows; r++) {
      for (let j = 0; j < columns; j++, i++) {
        let sum = 0;
        for (let k = 0; k < a.dims[1]!; k++) {
          sum += x[r * a.strides[0]! + k * a.strides[1]!]! * w[k * b.strides[0]! + j * b.strides[1]!]!;
        }
        out[i] = alpha * sum + (bias ? beta * bias[biasAt ? biasAt[i]! : i]! : 0);
      }
    }
  },
});

export const MATMUL: readonly Operator[] = [matmul, gemm];
