import type { DataType } from '../graph/types.js';
import { type AnyContext, check, type Definition, define, dimsOf, type InferContext } from '../ops/define.js';
import type { Operator, OperatorTraits } from '../ops/operator.js';
import { LOOKUP_DOMAIN, LOOKUP_OPSET } from './domain.js';
import { MAX_ACTIVATION, MAX_SUM } from './limits.js';
import type { OperatorSpec } from './operator.js';

/** Checks that the operators of several families share. All throw `INVALID_MODEL`. */

/** An operator of the domain. @param types of its inputs, in order */
export function defineLookup(
  { name, inputs, required }: OperatorSpec,
  types: readonly DataType[],
  rest: Pick<Definition, 'traits' | 'infer' | 'evaluate'>,
): Operator {
  return define({
    ...rest,
    name,
    domain: LOOKUP_DOMAIN,
    opset: [LOOKUP_OPSET, LOOKUP_OPSET],
    arity: [inputs.length, inputs.length],
    types: types.map((type) => [type]),
    attributes: `${required.join(' ')} strides pads`,
  });
}

/** Of operators whose integer sums pass the epilogue of assembly/lookup/epilogue.ts. */
export const SUM_TRAITS: OperatorTraits = { epilogue: ['Relu', 'LeakyRelu', 'Clip', 'HardSwish', 'Gelu'] };

/** The input of this name has exactly this shape. */
export function checkDims<Input extends string>(
  context: AnyContext,
  { inputs }: OperatorSpec<Input>,
  name: Input,
  expected: readonly number[],
): void {
  const dims = dimsOf(context, inputs.indexOf(name));
  check(context.node, `${dims}` === `${expected}`, `${name} has the wrong shape`, `[${expected}]`, `[${dims}]`);
}

/** Arrays that were found to lie in low..high: types are inferred many times, but large tables read once. */
const checked = new WeakMap<object, string>();

/** Every element of a constant input lies in low..high. Inputs computed at run time are not looked at. */
export function checkRange<Input extends string>(
  context: InferContext,
  { inputs }: OperatorSpec<Input>,
  name: Input,
  low: number,
  high: number,
): void {
  const data = context.inputs[inputs.indexOf(name)]?.value?.data as Int8Array | undefined;
  const range = `${low}..${high}`;
  if (!data || checked.get(data) === range) return;
  let at = 0;
  while (at < data.length && data[at]! >= low && data[at]! <= high) at++;
  check(context.node, at === data.length, `${name} is out of range`, range, data[at]);
  checked.set(data, range);
}

/** The input of this name has four dimensions. */
export function checkRank<Input extends string>(
  context: AnyContext,
  { inputs }: OperatorSpec<Input>,
  name: Input,
): void {
  const rank = dimsOf(context, inputs.indexOf(name)).length;
  check(context.node, rank === 4, `${name} must have 4 dimensions`, 4, rank);
}

/** The inputs that quantize activations are scalars in range. */
export function checkScale<Input extends string>(
  context: InferContext,
  spec: OperatorSpec<Input | 'x_scale' | 'x_zero_point'>,
): void {
  checkDims(context, spec, 'x_scale', []);
  checkDims(context, spec, 'x_zero_point', []);
  checkRange(context, spec, 'x_scale', Number.MIN_VALUE, Number.MAX_VALUE);
  checkRange(context, spec, 'x_zero_point', 0, MAX_ACTIVATION);
}

/** Integer sums stay exact. @param hint what keeps them smaller */
export function checkSum({ node }: InferContext, what: string, largest: number, hint: string): void {
  check(node, largest < MAX_SUM, `${what} may exceed 2^24`, hint, largest);
}
