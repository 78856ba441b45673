/** Operators that make tensors from shapes. */
import { allocate, elementCount } from '../graph/tensor.js';
import type { TensorValue } from '../graph/types.js';
import type { AnyContext } from './define.js';
import { ANY, check, define, dimsOf, elements, INT64, int, LATEST, numbers, refuse } from './define.js';
import type { Operator } from './operator.js';

/** The part of the shape that attributes `start` and `end` (opset 15) select. */
function shapeOf(context: AnyContext): readonly number[] {
  const { node } = context;
  return dimsOf(context).slice(int(node, 'start', 0), int(node, 'end', dimsOf(context).length));
}

function fillInt64(y: TensorValue, values: readonly number[]): void {
  (y.data as BigInt64Array).set(values.map(BigInt));
}

/** ConstantOfShape's value; one float32 zero by default. */
function fillValue(context: AnyContext): TensorValue {
  const { value } = context.node.attributes;
  if (value === undefined) return allocate('float32', [1]);
  const tensor = value as TensorValue;
  check(context.node, tensor.data?.length === 1, 'value is not one number', 'a tensor of 1 element', tensor.dims);
  if (!ANY.includes(tensor.type)) refuse(context.node, `value has type ${tensor.type}`);
  return tensor;
}

export const CREATE: readonly Operator[] = [
  define({
    name: 'Shape',
    types: [ANY],
    attributes: 'start end',
    traits: { shapeOnly: true },
    raw: true,
    infer: (context) => [{ type: 'int64', dims: [shapeOf(context).length] }],
    evaluate: (context, [y]) => fillInt64(y!, shapeOf(context)),
  }),
  define({
    name: 'Size',
    types: [ANY],
    traits: { shapeOnly: true },
    raw: true,
    infer: () => [{ type: 'int64', dims: [] }],
    evaluate: (context, [y]) => fillInt64(y!, [elementCount(dimsOf(context))]),
  }),
  define({
    name: 'ConstantOfShape',
    opset: [9, LATEST],
    types: [INT64],
    attributes: 'value',
    raw: true,
    infer: (context) => [{ type: fillValue(context).type, dims: numbers(context, 0)! }],
    evaluate: (context, [y]) => elements(y!).fill(elements(fillValue(context))[0]!),
  }),
];
