import { elementCount } from '../graph/tensor.js';
import type { DataType, TensorValue } from '../graph/types.js';
import type { AnyContext, Elements, EvaluateContext } from './define.js';
import {
  ANY,
  check,
  choice,
  define,
  dimsOf,
  elements,
  INDEX,
  INT64,
  input,
  int,
  LATEST,
  likeInput,
  multiplier,
  typeOf,
} from './define.js';
import { axisAttribute, position } from './gather.js';
import type { Operator } from './operator.js';
import { gather, offsets, range, stridesOf } from './strides.js';

/** Per element of `indices` the offset of the element of the first input that it addresses along the axis. */
function elementOffsets(context: EvaluateContext): Int32Array {
  const axis = axisAttribute(context);
  const dims = dimsOf(context);
  const strides = stridesOf(dims);
  const at = offsets(dimsOf(context, 1).map((size, d) => range(size, d === axis ? 0 : strides[d]!)));
  const indices = input(context, 1);
  return at.map((offset, i) => offset + position(context, indices[i]!, dims[axis]!) * strides[axis]!);
}

function checkElementIndices(context: AnyContext): void {
  const [dims, indices] = [dimsOf(context), dimsOf(context, 1)];
  const axis = axisAttribute(context);
  const fits = indices.length === dims.length && indices.every((size, d) => d === axis || size <= dims[d]!);
  check(context.node, fits, 'indices do not fit the data', `at most [${dims}] outside of axis ${axis}`, `[${indices}]`);
}

/** Offsets of the slices that the last axis of `indices` addresses, after `batch` shared leading axes. */
function sliceOffsets(context: EvaluateContext, batch: number): { starts: Int32Array; run: number } {
  const [dims, indexDims] = [dimsOf(context), dimsOf(context, 1)];
  const depth = indexDims.at(-1)!;
  const strides = stridesOf(dims);
  const indices = input(context, 1);
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
function scatter(context: EvaluateContext, y: TensorValue, updates: Elements, at: (i: number) => number): void {
  const [x, out] = [input(context), elements(y)];
  for (let i = 0; i < out.length; i++) out[i] = x[i]!;
  const reduction = choice(context.node, 'reduction', REDUCTIONS);
  const times = multiplier(y.type);
  for (let i = 0; i < updates.length; i++) {
    const [to, value] = [at(i), updates[i]!];
    const old = out[to]!;
    if (reduction === 'none') out[to] = value;
    else if (reduction === 'add') out[to] = old + value;
    else if (reduction === 'mul') out[to] = times(old, value);
    else if (reduction === 'max' ? value > old : value < old) out[to] = value;
  }
}

function checkScatter(context: AnyContext, updates: readonly number[], expected: readonly number[]): void {
  check(context.node, `${updates}` === `${expected}`, 'updates have the wrong shape', `[${expected}]`, `[${updates}]`);
  choice(context.node, 'reduction', REDUCTIONS);
}

const SCATTER_TYPES: readonly (readonly DataType[])[] = [ANY, INDEX, ANY];
const gatherElements = define({
  name: 'GatherElements',
  opset: [11, LATEST],
  arity: [2, 2],
  types: [ANY, INDEX],
  attributes: 'axis',
  raw: true,
  infer(context) {
    checkElementIndices(context);
    return [{ type: typeOf(context), dims: dimsOf(context, 1) }];
  },
  evaluate: (context, [y]) => gather(input(context), elementOffsets(context), elements(y!)),
});

const scatterElements = (name: string, opset: readonly [number, number], attributes: string) =>
  define({
    name,
    opset,
    arity: [3, 3],
    types: SCATTER_TYPES,
    attributes,
    infer(context) {
      checkElementIndices(context);
      checkScatter(context, dimsOf(context, 2), dimsOf(context, 1));
      return likeInput(context);
    },
    evaluate(context, [y]) {
      const at = elementOffsets(context);
      scatter(context, y!, input(context, 2), (i) => at[i]!);
    },
  });

function checkSlices(context: AnyContext, batch: number): readonly number[] {
  const [dims, indices] = [dimsOf(context), dimsOf(context, 1)];
  const depth = indices.at(-1) ?? Infinity;
  check(context.node, batch + depth <= dims.length, 'indices are too deep', `at most ${dims.length - batch}`, depth);
  const shared = `${dims.slice(0, batch)}`;
  check(
    context.node,
    shared === `${indices.slice(0, batch)}`,
    'batch axes differ',
    `[${shared}]`,
    `[${indices.slice(0, batch)}]`,
  );
  return [...indices.slice(0, -1), ...dims.slice(batch + depth)];
}

export const SCATTER: readonly Operator[] = [
  gatherElements,
  define({
    name: 'GatherND',
    opset: [11, LATEST],
    arity: [2, 2],
    types: [ANY, INT64],
    attributes: 'batch_dims',
    raw: true,
    infer(context) {
      const batch = int(context.node, 'batch_dims', 0);
      check(
        context.node,
        batch >= 0 && batch < dimsOf(context, 1).length,
        'batch_dims is out of range',
        'below the rank of indices',
        batch,
      );
      return [{ type: typeOf(context), dims: checkSlices(context, batch) }];
    },
    evaluate(context, [y]) {
      const { starts, run } = sliceOffsets(context, int(context.node, 'batch_dims', 0));
      gather(input(context), offsets([starts, range(run, 1)]), elements(y!));
    },
  }),
  scatterElements('ScatterElements', [11, LATEST], 'axis reduction'),
  scatterElements('Scatter', [9, 10], 'axis'),
  define({
    name: 'ScatterND',
    opset: [11, LATEST],
    arity: [3, 3],
    types: [ANY, INT64, ANY],
    attributes: 'reduction',
    infer(context) {
      checkScatter(context, dimsOf(context, 2), checkSlices(context, 0));
      return likeInput(context);
    },
    evaluate(context, [y]) {
      const { starts, run } = sliceOffsets(context, 0);
      scatter(context, y!, input(context, 2), (i) => starts[Math.floor(i / run)]! + (i % run));
    },
  }),
];
