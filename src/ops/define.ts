import { elementCount, formatType } from '../graph/tensor.js';
import type { DataType, Node, TensorData, TensorType, TensorValue } from '../graph/types.js';
import { decodeHalf, encodeHalf } from './half.js';
import type { InputInfo, Operator, OperatorContext, OperatorTraits } from './operator.js';
import { nodeError } from './operator.js';

/**
 * Latest version of the default domain whose operator meanings were checked (ONNX 1.23): versions 27 and 28 widened Range and Celu and
 * added operators.
 */
export const LATEST = 28;
/** Largest tensor in elements: offsets must fit an int32. */
const MAX_ELEMENTS = 2 ** 31 - 1;

export const FLOAT: readonly DataType[] = ['float32', 'float64', 'float16'];
export const INT: readonly DataType[] = ['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64'];
export const NUMBER: readonly DataType[] = [...FLOAT, ...INT];
export const ANY: readonly DataType[] = [...NUMBER, 'bool'];
export const BOOL: readonly DataType[] = ['bool'];
export const INT64: readonly DataType[] = ['int64'];
export const INDEX: readonly DataType[] = ['int32', 'int64'];
/** Of operators whose kernels end as assembly/dense/epilogue.ts does. */
export const LAYER_TRAITS: OperatorTraits = { epilogue: ['Relu', 'LeakyRelu', 'Clip', 'HardSwish'] };

export type InferContext = OperatorContext<InputInfo>;
export type EvaluateContext = OperatorContext<TensorValue>;
/** What a helper shared by `infer` and `evaluate` may look at. */
export type AnyContext = OperatorContext<InputInfo | TensorValue>;

/** An operator before the checks that all share: see {@link define}. */
export interface Definition {
  readonly name: string;
  readonly domain?: Operator['domain'];
  /** Default: every version from 7 on. */
  readonly opset?: readonly [min: number, max: number];
  /** Fewest and most inputs; inputs below the minimum may not be omitted. Default `[1, 1]`. */
  readonly arity?: readonly [min: number, max: number];
  /**
   * Element types of each input, the last set repeated. Inputs that name the same set (the same array object) must be
   * of one type, like the type variables of ONNX.
   */
  readonly types: readonly (readonly DataType[])[];
  /** Names of all attributes, separated by spaces. Others are refused, since ignoring one could change the result. */
  readonly attributes?: string;
  readonly traits?: OperatorTraits;
  /** `evaluate` moves elements without looking at them, so float16 stays raw bits instead of passing through float32. */
  readonly raw?: boolean;
  /** Types of all outputs, optional ones included. */
  infer(context: InferContext): TensorType[];
  evaluate(context: EvaluateContext, outputs: readonly TensorValue[]): void;
}

/**
 * Wraps a definition with what every operator needs: the number of inputs and outputs, element types, attribute names and
 * result sizes are checked in `infer`, and `evaluate` sees float16 as float32 (results are rounded to nearest even).
 */
export function define(definition: Definition): Operator {
  const {
    name,
    domain = '',
    opset = [7, LATEST],
    arity = [1, 1],
    types,
    attributes = '',
    raw,
    traits = {},
  } = definition;
  const known = new Set(attributes.split(' '));
  return {
    name,
    domain,
    opset,
    traits,
    infer(context) {
      const { node, inputs } = context;
      const [fewest, most] = arity;
      check(node, inputs.length <= most, 'too many inputs', `at most ${most}`, inputs.length);
      const seen = new Map<readonly DataType[], DataType>();
      for (let i = 0; i < Math.max(fewest, inputs.length); i++) {
        const input = inputs[i];
        if (!input) {
          check(node, i >= fewest, `input ${i} is missing`, `at least ${fewest} inputs`, inputs.length);
          continue;
        }
        const accepted = types[Math.min(i, types.length - 1)]!;
        if (!accepted.includes(input.type)) {
          throw nodeError(node, 'UNSUPPORTED', `input ${i} has type ${input.type}`, {
            hint: `Supported: ${accepted.join(', ')}`,
          });
        }
        const type = seen.get(accepted) ?? input.type;
        check(node, type === input.type, 'inputs differ in type', type, input.type);
        seen.set(accepted, type);
      }
      for (const attribute of Object.keys(node.attributes)) {
        if (!known.has(attribute))
          refuse(node, `attribute ${attribute} is not supported`, `Known: ${attributes || 'none'}`);
      }
      const outputs = definition.infer(context);
      check(node, node.outputs.length <= outputs.length, 'too many outputs', outputs.length, node.outputs.length);
      for (const output of outputs) {
        const valid = output.dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0);
        check(node, valid, 'the result has no valid shape', 'sizes of at least 0', formatType(output));
        if (elementCount(output.dims) > MAX_ELEMENTS) refuse(node, `the result ${formatType(output)} is too large`);
      }
      return outputs.slice(0, Math.max(1, node.outputs.length));
    },
    evaluate(context, outputs) {
      if (raw || ![...context.inputs, ...outputs].some((value) => value?.type === 'float16')) {
        definition.evaluate(context, outputs);
        return;
      }
      const wide = outputs.map((output) =>
        output.type === 'float16'
          ? { ...output, type: 'float32' as const, data: new Float32Array(output.data.length) }
          : output,
      );
      definition.evaluate({ ...context, inputs: context.inputs.map((input) => input && widen(input)) }, wide);
      wide.forEach((value, i) => {
        const output = outputs[i]!;
        if (output !== value) encodeHalf(value.data as Float32Array, output.data as Uint16Array);
      });
    },
  };
}

function widen(value: TensorValue): TensorValue {
  return value.type === 'float16' ? { ...value, type: 'float32', data: decodeHalf(value.data as Uint16Array) } : value;
}

/** Throws INVALID_MODEL unless `condition` holds. */
export function check(node: Node, condition: boolean, message: string, expected: unknown, actual: unknown): void {
  if (!condition) throw nodeError(node, 'INVALID_MODEL', message, { expected: String(expected), actual: `${actual}` });
}

/** Throws INVALID_MODEL unless two values or lists are the same. */
export function checkEqual(node: Node, message: string, expected: unknown, actual: unknown): void {
  const [wanted, given] = [expected, actual].map((value) => (Array.isArray(value) ? `[${value}]` : `${value}`));
  check(node, given === wanted, message, wanted, given);
}

/** Throws INVALID_MODEL unless input `index` has the expected shape or is omitted. */
export function checkShape(
  { node, inputs }: AnyContext,
  index: number,
  expected: readonly number[],
  name = `input ${index}`,
): void {
  const dims = inputs[index]?.dims;
  if (dims) checkEqual(node, `${name} has the wrong shape`, expected, dims);
}

/** Throws INVALID_MODEL unless all items of an attribute are at least `least`. */
export function checkLeast(node: Node, name: string, items: readonly number[], least: number): void {
  const valid = items.every((item) => item >= least);
  check(node, valid, `${name} is out of range`, `at least ${least}`, items);
}

/** Throws UNSUPPORTED. */
export function refuse(node: Node, message: string, hint?: string): never {
  throw nodeError(node, 'UNSUPPORTED', message, hint ? { hint } : {});
}

function wrongAttribute(node: Node, name: string, expected: string): never {
  const value = node.attributes[name];
  const actual = value === undefined ? 'nothing' : Array.isArray(value) ? 'a list' : typeof value;
  throw nodeError(node, 'INVALID_MODEL', `attribute ${name} is wrong`, { expected, actual });
}

/** A float attribute; required when no default is given. */
export function float(node: Node, name: string, otherwise?: number): number {
  const value = node.attributes[name] ?? otherwise;
  return typeof value === 'number' ? value : wrongAttribute(node, name, 'a number');
}

/** An integer attribute; required when no default is given. */
export function int(node: Node, name: string, otherwise?: number): number {
  const value = float(node, name, otherwise);
  return Number.isSafeInteger(value) ? value : wrongAttribute(node, name, 'an integer');
}

/** A list of floats, or undefined when absent. */
export function floats(node: Node, name: string): number[] | undefined {
  const value = node.attributes[name];
  if (value === undefined) return undefined;
  const valid = Array.isArray(value) && value.every((item) => typeof item === 'number');
  return valid ? [...(value as readonly number[])] : wrongAttribute(node, name, 'a list of numbers');
}

/** A list of integers, or undefined when absent. */
export function ints(node: Node, name: string): number[] | undefined {
  const value = floats(node, name);
  return value?.every(Number.isSafeInteger) === false ? wrongAttribute(node, name, 'a list of integers') : value;
}

/** A choice attribute, one of several words; the first is the default. */
export function choice<Choice extends string>(node: Node, name: string, choices: readonly Choice[]): Choice {
  const value = node.attributes[name] ?? choices[0];
  return (
    choices.find((item) => item === value) ?? refuse(node, `${name} = ${value} is not supported`, `Known: ${choices}`)
  );
}

/** The numbers of a (constant) input such as axes, or undefined when it is omitted. */
export function numbers(context: AnyContext, index: number): number[] | undefined {
  const input = context.inputs[index];
  if (!input) return undefined;
  const value = 'data' in input ? input : input.value;
  // Values beyond 2^53 (INT64_MAX as "to the end") stay beyond every size; shapes made of them are refused as too large.
  return value
    ? Array.from(value.data as ArrayLike<number | bigint>, Number)
    : refuse(context.node, `input ${index} must be a constant`, 'Fold it into an initializer, or fix the input shapes');
}

/** Like {@link numbers}, for integers that a version of the operator takes from an attribute (`opset < since`) or an input. */
export function setting(context: AnyContext, name: string, index: number, since: number): number[] | undefined {
  return context.opset < since ? ints(context.node, name) : numbers(context, index);
}

/** A valid axis in 0..rank−1 from one that may count from the end. */
export function axisOf(node: Node, axis: number, rank: number): number {
  check(node, axis >= -rank && axis < rank, 'axis is out of range', `${-rank}..${rank - 1}`, axis);
  return axis < 0 ? axis + rank : axis;
}

/** The attribute `axis`; required when no default is given. */
export function axisAttribute(context: AnyContext, otherwise?: number): number {
  return axisOf(context.node, int(context.node, 'axis', otherwise), dimsOf(context).length);
}

/** Distinct valid axes. */
export function axesOf(node: Node, axes: readonly number[], rank: number): number[] {
  const result = axes.map((axis) => axisOf(node, axis, rank));
  check(node, new Set(result).size === result.length, 'an axis is repeated', 'distinct axes', axes);
  return result;
}

/** Input `index` is present: `define` has checked it. */
export function dimsOf(context: AnyContext, index = 0): readonly number[] {
  return context.inputs[index]!.dims;
}
export function typeOf(context: AnyContext, index = 0): DataType {
  return context.inputs[index]!.type;
}
/** The output has the type and shape of the first input. */
export function likeInput(context: InferContext): TensorType[] {
  return [{ type: typeOf(context), dims: dimsOf(context) }];
}

/**
 * The elements of a tensor. int64 and uint64 elements are bigints at run time: functions of elements use operators that mean
 * the same for both (`+ - * < ===`), or are not offered for 64-bit integers.
 */
export interface Elements {
  readonly length: number;
  [index: number]: number;
  fill(value: number, begin?: number, end?: number): unknown;
}
export function elements(value: { readonly data: TensorData }): Elements {
  return value.data as unknown as Elements;
}
/** The elements of an input that is present. */
export function input(context: EvaluateContext, index = 0): Elements {
  return elements(context.inputs[index]!);
}
export function isWide(type: DataType): boolean {
  return type === 'int64' || type === 'uint64';
}
export function isFloat(type: DataType): boolean {
  return FLOAT.includes(type);
}
/** `value` as an element of `type` (see {@link Elements}). */
export function element(type: DataType, value: number): number {
  return isWide(type) ? (BigInt(value) as unknown as number) : value;
}
/** Lowest and highest value of a type, as its elements are stored. */
export function limits(type: DataType): [number, number] {
  if (isFloat(type)) return [-Infinity, Infinity];
  if (type === 'bool') return [0, 1];
  const bits = BigInt(type.replace(/\D+/, ''));
  const [low, high] = type[0] === 'u' ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
  return (isWide(type) ? [low, high] : [Number(low), Number(high)]) as [number, number];
}
/** Product of two elements that wraps like the type does. */
export function multiplier(type: DataType): (a: number, b: number) => number {
  return type === 'int32' || type === 'uint32' ? Math.imul : (a, b) => a * b;
}
