import { elementCount } from '../graph/tensor.js';
import type { DataType, TensorValue } from '../graph/types.js';
import * as op from './define.js';
import { position } from './gather.js';
import type { Operator } from './operator.js';
import { gather, offsets, range, stridesOf } from './strides.js';

/** Per element of `indices` the offset of the element of the first input that it addresses along the axis. */
function elementOffsets(context: op.EvaluateContext): Int32Array {
  const axis = op.axisAttribute(context, 0);
  const dims = op.dimsOf(context);
  const strides = stridesOf(dims);
  const at = offsets(op.dimsOf(context, 1).map((size, d) => range(size, d === axis ? 0 : strides[d]!)));
  const indices = op.input(context, 1);
  return at.map((offset, i) => offset + position(context, indices[i]!, dims[axis]!) * strides[axis]!);
}

function checkElementIndices(context: op.AnyContext): void {
  const [dims, indices] = [op.dimsOf(context), op.dimsOf(context, 1)];
  const axis = op.axisAttribute(context, 0);
  const fits = indices.length === dims.length && indices.every((size, d) => d === axis || size <= dims[d]!);
  const expected = `at most [${dims}] outside of axis ${axis}`;
  op.check(context.node, fits, 'indices do not fit the data', expected, `[${indices}]`);
}

/** Offsets of the slices that the last axis of `indices` addresses, after `batch` shared leading axes. */
function sliceOffsets(context: op.EvaluateContext, batch: number): { starts: Int32Array; run: number } {
  const [dims, indexDims] = [op.dimsOf(context), op.dimsOf(context, 1)];
  const depth = indexDims.at(-1)!;
  const strides = stridesOf(dims);
  const indices = op.input(context, 1);
  const count = elementCount(indexDims.slice(0, -1));
  const perBatch = elementCount(indexDims.slice(batch, -1));
  const starts = Int32Array.from({ length: count }, (_, i) => {
    let at = Math.floor(i / perBatch) * elementCount(dims.slice(batch));
    for (let k = 0; k < depth; k++) {
      at += position(context, indices[i * depth + k]!, dims[batch + k]!) * strides[batch + k]!;
    }
    return at;
  });
  return { starts, run: elementCount(dims.slice(batch + depth)) };
}

type Reduction = 'none' | 'add' | 'mul' | 'max' | 'min';
const REDUCTIONS: readonly Reduction[] = ['none', 'add', 'mul', 'max', 'min'];

/** Writes `updates[i]` to `out[at(i)]` in order, combined with what is there. */
function scatter(context: op.EvaluateContext, y: TensorValue, updates: op.Elements, at: (i: number) => number): void {
  const [x, out] = [op.input(context), op.elements(y)];
  for (let i = 0; i < out.length; i++) out[i] = x[i]!;
  const reduction = op.choice(context.node, 'reduction', REDUCTIONS);
  const times = op.multiplier(y.type);
  for (let i = 0; i < updates.length; i++) {
    const [to, value] = [at(i), updates[i]!];
    const old = out[to]!;
    if (reduction === 'none') out[to] = value;
    else if (reduction === 'add') out[to] = old + value;
    else if (reduction === 'mul') out[to] = times(old, value);
    else if (reduction === 'max' ? value > old : value < old) out[to] = value;
  }
}

function checkScatter(context: op.AnyContext, updates: readonly number[], expected: readonly number[]): void {
  op.checkEqual(context.node, 'updates have the wrong shape', expected, updates);
  op.choice(context.node, 'reduction', REDUCTIONS);
}

const SCATTER_TYPES: readonly (readonly DataType[])[] = [op.ANY, op.INDEX, op.ANY];
const gatherElements = op.define({
  name: 'GatherElements',
  opset: [11, op.LATEST],
  arity: [2, 2],
  types: [op.ANY, op.INDEX],
  attributes: 'axis',
  raw: true,
  infer(context) {
    checkElementIndices(context);
    return [{ type: op.typeOf(context), dims: op.dimsOf(context, 1) }];
  },
  evaluate: (context, [y]) => gather(op.input(context), elementOffsets(context), op.elements(y!)),
});

const scatterElements = (name: string, opset: readonly [number, number], attributes: string) =>
  op.define({
    name,
    opset,
    arity: [3, 3],
    types: SCATTER_TYPES,
    attributes,
    infer(context) {
      checkElementIndices(context);
      checkScatter(context, op.dimsOf(context, 2), op.dimsOf(context, 1));
      return op.likeInput(context);
    },
    evaluate(context, [y]) {
      const at = elementOffsets(context);
      scatter(context, y!, op.input(context, 2), (i) => at[i]!);
    },
  });

function checkSlices(context: op.AnyContext, batch: number): readonly number[] {
  const [dims, indices] = [op.dimsOf(context), op.dimsOf(context, 1)];
  const depth = indices.at(-1) ?? Infinity;
  op.check(context.node, batch + depth <= dims.length, 'indices are too deep', `at most ${dims.length - batch}`, depth);
  op.checkEqual(context.node, 'batch axes differ', dims.slice(0, batch), indices.slice(0, batch));
  return [...indices.slice(0, -1), ...dims.slice(batch + depth)];
}

export const SCATTER: readonly Operator[] = [
  gatherElements,
  op.define({
    name: 'GatherND',
    opset: [11, op.LATEST],
    arity: [2, 2],
    types: [op.ANY, op.INT64],
    attributes: 'batch_dims',
    raw: true,
    infer(context) {
      const batch = op.int(context.node, 'batch_dims', 0);
      const inside = batch >= 0 && batch < op.dimsOf(context, 1).length;
      op.check(context.node, inside, 'batch_dims is out of range', 'below the rank of indices', batch);
      return [{ type: op.typeOf(context), dims: checkSlices(context, batch) }];
    },
    evaluate(context, [y]) {
      const { starts, run } = sliceOffsets(context, op.int(context.node, 'batch_dims', 0));
      gather(op.input(context), offsets([starts, range(run, 1)]), op.elements(y!));
    },
  }),
  scatterElements('ScatterElements', [11, op.LATEST], 'axis reduction'),
  scatterElements('Scatter', [9, 10], 'axis'),
  op.define({
    name: 'ScatterND',
    opset: [11, op.LATEST],
    arity: [3, 3],
    types: [op.ANY, op.INT64, op.ANY],
    attributes: 'reduction',
    infer(context) {
      checkScatter(context, op.dimsOf(context, 2), checkSlices(context, 0));
      return op.likeInput(context);
    },
    evaluate(context, [y]) {
      const { starts, run } = sliceOffsets(context, 0);
      scatter(context, y!, op.input(context, 2), (i) => starts[Math.floor(i / run)]! + (i % run));
    },
  }),
];
