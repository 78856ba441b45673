import { elementCount } from '../graph/tensor.js';
import type { DataType, TensorType } from '../graph/types.js';
import * as op from './define.js';
import type { Operator } from './operator.js';
import type { SpatialWindow } from './windows.js';
import { listWindows, spatialWindow } from './windows.js';

const POOL_ATTRIBUTES = 'auto_pad ceil_mode dilations kernel_shape pads strides';

/** A pool with `global: true` has one window, the whole plane. */
function poolWindow(context: op.AnyContext, global: boolean): SpatialWindow {
  const { node } = context;
  const spatial = op.dimsOf(context).slice(2);
  op.check(node, spatial.length >= (global ? 0 : 1), 'the input has too few axes', 'at least 3', spatial.length + 2);
  const kernel = global ? spatial : op.ints(node, 'kernel_shape');
  op.check(node, kernel !== undefined, 'attribute kernel_shape is missing', 'a list of integers', 'nothing');
  const window = spatialWindow(node, spatial, kernel!, op.int(node, 'ceil_mode', 0) !== 0);
  // Such a window has no maximum and no mean; a dilated one can also step over a narrow input.
  const empty = window.output.some((count, d) => {
    const { input: size, strides, dilations, begins } = window;
    const hits = (o: number) => {
      const first = o * strides[d]! - begins[d]!;
      const skipped = Math.max(0, Math.ceil(-first / dilations[d]!));
      return skipped < kernel![d]! && first + skipped * dilations[d]! < size[d]!;
    };
    for (let o = 0; o < count; o++) if (!hits(o)) return true;
    return false;
  });
  if (empty) op.refuse(node, 'a window lies wholly in the padding');
  return window;
}

type Fold = (x: op.Elements, plane: number, input: Int32Array, from: number, to: number, padded: number) => number;

/** Applies `fold` to every window of every plane. `padded` counts the taps inside input and padding together. */
function pool(
  name: string,
  attributes: string,
  global: boolean,
  fold: (context: op.AnyContext) => Fold,
  types: readonly DataType[] = op.FLOAT,
): op.Definition {
  return {
    name,
    types: [types],
    attributes: global ? attributes : `${POOL_ATTRIBUTES} ${attributes}`,
    infer: (context) => [
      {
        type: op.typeOf(context),
        dims: [
          ...op.dimsOf(context).slice(0, 2),
          ...poolWindow(context, global).output.map((size) => (global ? 1 : size)),
        ],
      },
    ],
    evaluate(context, [y]) {
      const window = poolWindow(context, global);
      const windows = listWindows(window);
      const padded = paddedTaps(window);
      const [x, out, apply] = [op.input(context), op.elements(y!), fold(context)];
      const inputSize = elementCount(window.input);
      const outputSize = padded.length;
      for (let i = 0; i < out.length; i++) {
        const p = i % outputSize;
        const plane = ((i - p) / outputSize) * inputSize;
        out[i] = apply(x, plane, windows.input, windows.start[p]!, windows.start[p + 1]!, padded[p]!);
      }
    },
  };
}

/** Taps of every window that lie in the input or its padding; with ceil_mode a window may reach beyond. */
function paddedTaps({ input: size, kernel, strides, dilations, begins, ends, output }: SpatialWindow): number[] {
  return output.reduce<number[]>(
    (counts, length, d) =>
      counts.flatMap((count) =>
        Array.from({ length }, (_, o) => {
          const room = size[d]! + begins[d]! + ends[d]! - o * strides[d]!;
          return count * Math.min(kernel[d]!, Math.ceil(room / dilations[d]!));
        }),
      ),
    [1],
  );
}

const average: Fold = (x, plane, at, from, to) => {
  let sum = 0;
  for (let j = from; j < to; j++) sum += x[plane + at[j]!]!;
  return sum / (to - from);
};
const averagePadded: Fold = (x, plane, at, from, to, padded) =>
  from === to ? 0 : (average(x, plane, at, from, to, padded) * (to - from)) / padded;

/** NaN wins over numbers, as in numpy and onnxruntime. */
const maximum =
  (lowest: number): Fold =>
  (x, plane, at, from, to) => {
    let best = lowest;
    for (let j = from; j < to; j++) {
      const value = x[plane + at[j]!]!;
      if (value > best || Number.isNaN(value)) best = value;
    }
    return best;
  };

const norm = (context: op.AnyContext): Fold => {
  const p = op.int(context.node, 'p', 2);
  return (x, plane, at, from, to) => {
    let sum = 0;
    for (let j = from; j < to; j++) sum += Math.abs(x[plane + at[j]!]!) ** p;
    return sum ** (1 / p);
  };
};

const BYTE: readonly DataType[] = ['float32', 'float64', 'float16', 'int8', 'uint8'];
const maxOf = (context: op.AnyContext): Fold => maximum(op.limits(op.typeOf(context))[0]);
const values = pool('MaxPool', 'storage_order', false, maxOf, BYTE);

const maxPool: op.Definition = {
  ...values,
  infer(context) {
    const [y] = values.infer(context) as [TensorType];
    return [y, { type: 'int64', dims: y.dims }];
  },
  evaluate(context, [y, indices]) {
    values.evaluate(context, [y!]);
    if (!indices) return;
    const window = poolWindow(context, false);
    const windows = listWindows(window);
    const [x, out, found] = [op.input(context), op.elements(y!), indices.data as BigInt64Array];
    const inputSize = elementCount(window.input);
    const outputSize = windows.start.length - 1;
    // storage_order 1 counts positions with the first spatial axis fastest.
    const columnMajor = op.int(context.node, 'storage_order', 0) === 1;
    for (let i = 0; i < out.length; i++) {
      const p = i % outputSize;
      const plane = ((i - p) / outputSize) * inputSize;
      let j = windows.start[p]!;
      while (j < windows.start[p + 1]! - 1 && x[plane + windows.input[j]!] !== out[i]) j++;
      const at = windows.input[j]!;
      found[i] = BigInt(plane + (columnMajor ? transposed(at, window.input) : at));
    }
  },
};

function transposed(offset: number, dims: readonly number[]): number {
  let rest = offset;
  let result = 0;
  for (let d = dims.length - 1; d >= 0; d--) {
    result += (rest % dims[d]!) * elementCount(dims.slice(0, d));
    rest = Math.floor(rest / dims[d]!);
  }
  return result;
}

export const POOL: readonly Operator[] = [
  op.define(maxPool),
  op.define(
    pool('AveragePool', 'count_include_pad', false, ({ node }) =>
      op.int(node, 'count_include_pad', 0) ? averagePadded : average,
    ),
  ),
  op.define(pool('GlobalAveragePool', '', true, () => average)),
  op.define(pool('GlobalMaxPool', '', true, maxOf)),
  op.define(pool('LpPool', 'p', false, norm)),
  op.define(pool('GlobalLpPool', 'p', true, norm)),
];
