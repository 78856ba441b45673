import { allocate } from '../graph/tensor.js';
import type { DataType, TensorValue } from '../graph/types.js';
import * as op from './define.js';
import { decodeHalf, encodeHalf } from './half.js';
import type { Operator } from './operator.js';

/** TensorProto.DataType numbers. */
const TYPE_NUMBERS: Readonly<Record<number, DataType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
};

/** The element type that an attribute such as Cast's `to` names by its TensorProto number. */
export function typeAttribute(node: Parameters<typeof op.int>[0], name: string, otherwise?: number): DataType {
  const number = op.int(node, name, otherwise);
  return TYPE_NUMBERS[number] ?? op.refuse(node, `${name} names the element type ${number}`, `Supported: ${op.ANY}`);
}

/**
 * Converts every element: floats truncate towards zero and saturate (NaN becomes 0), integers wrap, anything but 0 is true.
 * Halves are rounded once, from double precision.
 */
export function convert(from: TensorValue, to: TensorValue): void {
  const x = from.type === 'float16' ? decodeHalf(from.data as Uint16Array) : op.elements(from);
  const out = op.elements(to);
  const type = to.type;
  if (type === 'float16') {
    encodeHalf(op.isWide(from.type) ? Array.from(x as ArrayLike<number>, Number) : x, to.data as Uint16Array);
    return;
  }
  const [low, high] = op.limits(type).map(Number) as [number, number];
  for (let i = 0; i < out.length; i++) {
    const value = x[i]!;
    if (type === 'bool') out[i] = Number(value) === 0 ? 0 : 1;
    else if (op.isFloat(type)) out[i] = Number(value);
    else if (op.isFloat(from.type)) {
      if (value >= low && value <= high) out[i] = op.element(type, Math.trunc(value));
      else out[i] = Number.isNaN(value) ? op.element(type, 0) : op.limits(type)[value < low ? 0 : 1];
    } else {
      const integer = op.isWide(type)
        ? BigInt(value)
        : op.isWide(from.type)
          ? Number(BigInt.asIntN(32, BigInt(value)))
          : value;
      out[i] = integer as number;
    }
  }
}

/** A converted copy. */
export function castTo(type: DataType, value: TensorValue): TensorValue {
  const result = allocate(type, value.dims);
  convert(value, result);
  return result;
}

export const CAST: readonly Operator[] = [
  op.define({
    name: 'Cast',
    types: [op.ANY],
    attributes: 'to saturate round_mode',
    raw: true,
    infer: (context) => [{ type: typeAttribute(context.node, 'to'), dims: op.dimsOf(context) }],
    evaluate: ({ inputs }, [y]) => convert(inputs[0]!, y!),
  }),
];
