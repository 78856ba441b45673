/** Operators that make tensors from shapes. */
import { allocate, elementCount } from '../graph/tensor.js';
import type { TensorValue } from '../graph/types.js';
import * as op from './define.js';
import type { Operator } from './operator.js';

/** The part of the shape that attributes `start` and `end` (opset 15) select. */
function shapeOf(context: op.AnyContext): readonly number[] {
  const { node } = context;
  return op.dimsOf(context).slice(op.int(node, 'start', 0), op.int(node, 'end', op.dimsOf(context).length));
}

function fillInt64(y: TensorValue, values: readonly number[]): void {
  (y.data as BigInt64Array).set(values.map(BigInt));
}

/** ConstantOfShape's value; one float32 zero by default. */
function fillValue(context: op.AnyContext): TensorValue {
  const { value } = context.node.attributes;
  if (value === undefined) return allocate('float32', [1]);
  const tensor = value as TensorValue;
  op.check(context.node, tensor.data?.length === 1, 'value is not one number', 'a tensor of 1 element', tensor.dims);
  if (!op.ANY.includes(tensor.type)) op.refuse(context.node, `value has type ${tensor.type}`);
  return tensor;
}

export const CREATE: readonly Operator[] = [
  op.define({
    name: 'Shape',
    types: [op.ANY],
    attributes: 'start end',
    traits: { shapeOnly: true },
    raw: true,
    infer: (context) => [{ type: 'int64', dims: [shapeOf(context).length] }],
    evaluate: (context, [y]) => fillInt64(y!, shapeOf(context)),
  }),
  op.define({
    name: 'Size',
    types: [op.ANY],
    traits: { shapeOnly: true },
    raw: true,
    infer: () => [{ type: 'int64', dims: [] }],
    evaluate: (context, [y]) => fillInt64(y!, [elementCount(op.dimsOf(context))]),
  }),
  op.define({
    name: 'ConstantOfShape',
    opset: [9, op.LATEST],
    types: [op.INT64],
    attributes: 'value',
    raw: true,
    infer: (context) => [{ type: fillValue(context).type, dims: op.numbers(context, 0)! }],
    evaluate: (context, [y]) => op.elements(y!).fill(op.elements(fillValue(context))[0]!),
  }),
];
