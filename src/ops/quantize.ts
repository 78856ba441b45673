/** Integer quantization: real = (stored − zero point) · scale. */
import { elementCount } from '../graph/tensor.js';
import type { DataType, TensorType } from '../graph/types.js';
import { roundHalfEven } from '../rounding.js';
import { typeAttribute } from './cast.js';
import { convolve, convShape } from './conv.js';
import * as op from './define.js';
import { matmulShape, multiply } from './matmul.js';
import type { Operator } from './operator.js';

const NARROW: readonly DataType[] = ['int8', 'uint8', 'int16', 'uint16'];
const BYTE: readonly DataType[] = ['int8', 'uint8'];
const byte = () => [...BYTE];
const FLOAT32: readonly DataType[] = ['float32', 'float16'];

/** Index of the scale of every element: 0, a position along the axis, or a block. */
function scaleIndex(context: op.AnyContext): (i: number) => number {
  const { node } = context;
  const [dims, scale] = [op.dimsOf(context), op.dimsOf(context, 1)];
  if (op.int(node, 'block_size', 0) !== 0)
    op.refuse(node, 'blocked quantization is not supported', 'Quantize per tensor or per axis');
  const zero = context.inputs[2]?.dims;
  // Exporters mix [] and [1] for one number.
  const same = !zero || elementCount(zero) === elementCount(scale);
  op.check(node, same, 'scale and zero point differ in shape', `[${scale}]`, `[${zero}]`);
  if (scale.length <= 1 && elementCount(scale) === 1) return () => 0;
  op.check(node, scale.length === 1, 'scale has the wrong rank', '0 or 1', scale.length);
  const axis = op.axisAttribute(context, 1);
  op.checkEqual(node, 'scale does not fit the axis', dims[axis], scale[0]);
  const inner = elementCount(dims.slice(axis + 1));
  return (i) => Math.floor(i / inner) % scale[0]!;
}

function quantizedType(context: op.AnyContext): DataType {
  const { node } = context;
  const declared = op.int(node, 'output_dtype', 0);
  const zero = context.inputs[2]?.type;
  const type = declared ? typeAttribute(node, 'output_dtype') : (zero ?? 'uint8');
  op.check(node, !zero || zero === type, 'output_dtype and zero point differ', zero, type);
  return NARROW.includes(type)
    ? type
    : op.refuse(node, `quantizing to ${type} is not supported`, `Supported: ${NARROW}`);
}

const quantizeLinear = op.define({
  name: 'QuantizeLinear',
  opset: [10, op.LATEST],
  arity: [2, 3],
  types: [FLOAT32, [...FLOAT32], NARROW],
  attributes: 'axis block_size output_dtype precision saturate',
  infer(context): TensorType[] {
    scaleIndex(context);
    const { node } = context;
    const precision = op.int(node, 'precision', 0);
    if (precision > 1) op.refuse(node, 'a precision other than float32 is not supported');
    return [{ type: quantizedType(context), dims: op.dimsOf(context) }];
  },
  evaluate(context, [y]) {
    const index = scaleIndex(context);
    const [x, scale, out] = [op.input(context), op.input(context, 1), op.elements(y!)];
    const zero = context.inputs[2] && op.input(context, 2);
    const [low, high] = op.limits(y!.type);
    for (let i = 0; i < out.length; i++) {
      const c = index(i);
      // The division is one of single precision in every runtime, so ties fall the same way.
      const q = roundHalfEven(Math.fround(x[i]! / scale[c]!)) + (zero ? zero[c]! : 0);
      out[i] = Math.min(high, Math.max(low, q));
    }
  },
});

const dequantizeLinear = op.define({
  name: 'DequantizeLinear',
  opset: [10, op.LATEST],
  arity: [2, 3],
  types: [[...NARROW, 'int32'], FLOAT32, [...NARROW, 'int32']],
  attributes: 'axis block_size output_dtype',
  infer(context) {
    scaleIndex(context);
    const { node } = context;
    const zero = context.inputs[2]?.type;
    const same = !zero || zero === op.typeOf(context);
    op.check(node, same, 'input and zero point differ in type', op.typeOf(context), zero);
    const type = op.int(node, 'output_dtype', 0) ? typeAttribute(node, 'output_dtype') : op.typeOf(context, 1);
    if (!op.FLOAT.includes(type)) op.refuse(node, `output_dtype ${type} is not supported`);
    return [{ type, dims: op.dimsOf(context) }];
  },
  evaluate(context, [y]) {
    const index = scaleIndex(context);
    const [x, scale, out] = [op.input(context), op.input(context, 1), op.elements(y!)];
    const zero = context.inputs[2] && op.input(context, 2);
    for (let i = 0; i < out.length; i++) {
      const c = index(i);
      out[i] = (x[i]! - (zero ? zero[c]! : 0)) * scale[c]!;
    }
  },
});

/** Scale and zero point from the range of the data, which always includes 0. */
const dynamicQuantizeLinear = op.define({
  name: 'DynamicQuantizeLinear',
  opset: [11, op.LATEST],
  types: [['float32']],
  infer: (context) => [
    { type: 'uint8', dims: op.dimsOf(context) },
    { type: 'float32', dims: [] },
    { type: 'uint8', dims: [] },
  ],
  evaluate(context, [y, yScale, yZero]) {
    const x = op.input(context);
    let [low, high] = [0, 0];
    for (let i = 0; i < x.length; i++) [low, high] = [Math.min(low, x[i]!), Math.max(high, x[i]!)];
    const scale = Math.fround(Math.fround(high - low) / 255);
    const zero = scale === 0 ? 0 : Math.min(255, Math.max(0, roundHalfEven(Math.fround(-low / scale))));
    const out = op.elements(y!);
    for (let i = 0; i < out.length; i++) {
      out[i] = scale === 0 ? 0 : Math.min(255, Math.max(0, roundHalfEven(Math.fround(x[i]! / scale)) + zero));
    }
    if (yScale) op.elements(yScale)[0] = scale;
    if (yZero) op.elements(yZero)[0] = zero;
  },
});

/** Scalar or per-channel parameter `index` (0 when it is omitted). */
function perChannel(context: op.EvaluateContext, index: number): (channel: number) => number {
  if (!context.inputs[index]) return () => 0;
  const values = op.input(context, index);
  return (channel) => values[values.length === 1 ? 0 : channel]!;
}

/** Checks that inputs hold one number, or one per channel where `channels` is given. */
function checkParameters(context: op.AnyContext, indices: readonly number[], channels = 1): void {
  for (const index of indices) {
    const dims = context.inputs[index]?.dims ?? [];
    const count = elementCount(dims);
    const fits = dims.length <= 1 && (count === 1 || count === channels);
    if (!fits)
      op.refuse(context.node, `input ${index} of shape [${dims}] is not supported`, `Supported: [] or [${channels}]`);
  }
}

/** Rounds an int32 sum to the output's scale and saturates, all in single precision as onnxruntime does. */
function requantize(type: DataType, sum: number, multiplier: number, zero: number): number {
  const [low, high] = op.limits(type);
  return Math.min(high, Math.max(low, roundHalfEven(Math.fround(sum * multiplier)) + zero));
}

const CONV_ATTRIBUTES = 'auto_pad dilations group kernel_shape pads strides';

const convInteger = op.define({
  name: 'ConvInteger',
  opset: [10, op.LATEST],
  arity: [2, 4],
  types: [byte(), byte(), byte(), byte()],
  attributes: CONV_ATTRIBUTES,
  infer(context) {
    const { dims } = convShape(context, 1, Infinity);
    checkParameters(context, [2]);
    checkParameters(context, [3], dims[1]!);
    return [{ type: 'int32', dims }];
  },
  evaluate(context, [y]) {
    const [x, w, out] = [op.input(context), op.input(context, 1), op.elements(y!)];
    const [xZero, wZero] = [perChannel(context, 2)(0), perChannel(context, 3)];
    convolve(
      context,
      convShape(context, 1, Infinity),
      (i) => x[i]! - xZero,
      (i, m) => w[i]! - wZero(m),
      (i, sum) => (out[i] = sum),
    );
  },
});

/** Inputs: x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, B. */
const qLinearConv = op.define({
  name: 'QLinearConv',
  opset: [10, op.LATEST],
  arity: [8, 9],
  types: [byte(), ['float32'], byte(), byte(), ['float32'], byte(), ['float32'], byte(), ['int32']],
  attributes: CONV_ATTRIBUTES,
  infer(context) {
    const { dims } = convShape(context, 3, 8);
    checkParameters(context, [1, 2, 6, 7]);
    checkParameters(context, [4, 5], dims[1]!);
    return [{ type: op.typeOf(context, 7), dims }];
  },
  evaluate(context, [y]) {
    const [x, w, out] = [op.input(context), op.input(context, 3), op.elements(y!)];
    const parameter = [1, 2, 4, 5, 6, 7, 8].map((i) => perChannel(context, i));
    const [xScale, xZero, wScale, wZero, yScale, yZero, bias] = parameter as [
      (m: number) => number,
      ...typeof parameter,
    ];
    const offset = xZero!(0);
    convolve(
      context,
      convShape(context, 3, 8),
      (i) => x[i]! - offset,
      (i, m) => w[i]! - wZero!(m),
      (i, sum, m) => {
        const factor = Math.fround(Math.fround(xScale(0) * wScale!(m)) / yScale!(0));
        out[i] = requantize(y!.type, sum + bias!(m), factor, yZero!(0));
      },
    );
  },
});

/** Zero points are scalars, one per row of A, or one per column of B. */
function matmulParameters(
  context: op.AnyContext,
  a: number,
  b: number,
  rows: readonly number[],
  columns: readonly number[],
) {
  const shape = matmulShape(context.node, op.dimsOf(context, a), op.dimsOf(context, b));
  checkParameters(context, rows, shape.rows);
  checkParameters(context, columns, shape.columns);
  return shape;
}

const matMulInteger = op.define({
  name: 'MatMulInteger',
  opset: [10, op.LATEST],
  arity: [2, 4],
  types: [byte(), byte(), byte(), byte()],
  infer: (context) => [{ type: 'int32', dims: matmulParameters(context, 0, 1, [2], [3]).dims }],
  evaluate(context, [y]) {
    const shape = matmulParameters(context, 0, 1, [2], [3]);
    const [a, b, out] = [op.input(context), op.input(context, 1), op.elements(y!)];
    const [aZero, bZero] = [perChannel(context, 2), perChannel(context, 3)];
    const row = (i: number) => Math.floor(i / shape.depth) % shape.rows;
    multiply(
      shape,
      op.dimsOf(context),
      op.dimsOf(context, 1),
      (i, j) => (a[i]! - aZero(row(i))) * (b[j]! - bZero(j % shape.columns)),
      op.element('int32', 0),
      (i, sum) => (out[i] = sum),
    );
  },
});

/** Inputs: a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point. */
const qLinearMatMul = op.define({
  name: 'QLinearMatMul',
  opset: [10, op.LATEST],
  arity: [8, 8],
  types: [byte(), FLOAT32, byte(), byte(), [...FLOAT32], byte(), [...FLOAT32], byte()],
  infer(context) {
    const { dims } = matmulParameters(context, 0, 3, [1, 2], [4, 5]);
    checkParameters(context, [6, 7]);
    return [{ type: op.typeOf(context, 7), dims }];
  },
  evaluate(context, [y]) {
    const shape = matmulParameters(context, 0, 3, [1, 2], [4, 5]);
    const [a, b, out] = [op.input(context), op.input(context, 3), op.elements(y!)];
    const parameter = [1, 2, 4, 5, 6, 7].map((i) => perChannel(context, i));
    const [aScale, aZero, bScale, bZero, yScale, yZero] = parameter as [(m: number) => number, ...typeof parameter];
    const row = (i: number) => Math.floor(i / shape.depth) % shape.rows;
    multiply(
      shape,
      op.dimsOf(context),
      op.dimsOf(context, 3),
      (i, j) => (a[i]! - aZero!(row(i))) * (b[j]! - bZero!(j % shape.columns)),
      0,
      (i, sum) => {
        const c = i % shape.columns;
        const factor = Math.fround(
          Math.fround(aScale(Math.floor(i / shape.columns) % shape.rows) * bScale!(c)) / yScale!(0),
        );
        out[i] = requantize(y!.type, sum, factor, yZero!(0));
      },
    );
  },
});

export const QUANTIZE: readonly Operator[] = [
  quantizeLinear,
  dequantizeLinear,
  dynamicQuantizeLinear,
  convInteger,
  qLinearConv,
  matMulInteger,
  qLinearMatMul,
];
