import { limits } from '../../ops/define.js';
import { isOperator, numberAttribute } from '../attributes.js';
import type { GraphEditor } from '../editor.js';
import type { DataType, Node, TensorValue } from '../types.js';

/** How integers stand for reals: real = (stored − zero) · scale, with one pair or one pair per position of an axis. */
export interface Quantization {
  /** The type of the zero point; undefined where that is left out. */
  readonly type: DataType | undefined;
  readonly scale: Float32Array;
  readonly zero: ArrayLike<number>;
}

/** A quantized value less its zero point, held in float32: integers from `low` to `high`. */
export interface QuantizedValue {
  readonly name: string;
  readonly type: DataType;
  readonly scale: number;
  readonly zero: number;
  readonly low: number;
  readonly high: number;
}

const BYTES: readonly (DataType | undefined)[] = ['int8', 'uint8'];
const STORED: readonly (DataType | undefined)[] = [...BYTES, 'int16', 'uint16'];
/** Attributes of later versions that change what is stored or given. */
const VARIANTS = ['block_size', 'output_dtype', 'precision'];

export const isByte = ({ type }: { readonly type: DataType | undefined }): boolean => BYTES.includes(type);

/** The constant float32 scales and zero points of a QuantizeLinear or DequantizeLinear. */
export function quantizationOf(editor: GraphEditor, node: Node): Quantization | undefined {
  const [, scaleName, zeroName] = node.inputs;
  const [scale, zero] = [editor.constant(scaleName), editor.constant(zeroName)];
  if (scale?.type !== 'float32' || scale.dims.length > 1 || (zeroName && !zero)) return undefined;
  if (VARIANTS.some((name) => numberAttribute(node, name, 0) !== 0)) return undefined;
  const count = scale.data.length;
  if (count === 0 || (zero && zero.data.length !== count)) return undefined;
  if (zero && zero.type !== 'int32' && !STORED.includes(zero.type)) return undefined;
  return {
    type: zero?.type,
    scale: scale.data as Float32Array,
    zero: zero ? (zero.data as Uint8Array) : new Uint8Array(count),
  };
}

/** The quantized value whose stored integers have one scale and zero point; undefined otherwise. */
export function quantizedValue(
  name: string,
  type: DataType,
  { scale, zero }: Quantization,
): QuantizedValue | undefined {
  if (!STORED.includes(type) || scale.length !== 1 || !(scale[0]! > 0) || scale[0] === Infinity) return undefined;
  const [low, high] = limits(type);
  return { name, type, scale: scale[0]!, zero: zero[0]!, low: low - zero[0]!, high: high - zero[0]! };
}

/** A constant of one byte per element behind a DequantizeLinear, its zero points subtracted. */
export interface QuantizedConstant {
  readonly dims: readonly number[];
  readonly values: Float32Array;
  /** One, or one per position of `axis`. */
  readonly scale: Float32Array;
  readonly axis: number;
}

/** What the DequantizeLinear that computes `name` reads, where that is a constant of one of `types`. */
export function quantizedConstant(
  editor: GraphEditor,
  name: string | undefined,
  types: readonly DataType[],
): QuantizedConstant | undefined {
  const node = editor.producer(name);
  if (!node || !isOperator(node, 'DequantizeLinear')) return undefined;
  const stored = editor.constant(node.inputs[0]);
  const quantization = quantizationOf(editor, node);
  if (!stored || !types.includes(stored.type) || !quantization) return undefined;
  if (quantization.type && quantization.type !== stored.type) return undefined;
  const { dims } = stored;
  const { scale, zero } = quantization;
  const given = numberAttribute(node, 'axis', 1);
  const axis = given < 0 ? given + dims.length : given;
  if (scale.length > 1 && scale.length !== dims[axis]) return undefined;
  return { dims, values: subtractZeros(stored, zero, axis), scale, axis };
}

/** Stored integers less their zero point, or less that of their position along `axis`. */
export function subtractZeros({ dims, data }: TensorValue, zero: ArrayLike<number>, axis: number): Float32Array {
  const stored = data as Uint8Array;
  const values = new Float32Array(stored.length);
  const inner = zero.length === 1 ? stored.length : dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  for (let first = 0, block = 0; first < stored.length; first += inner, block++) {
    const shift = zero[block % zero.length]!;
    for (let i = first; i < first + inner; i++) values[i] = stored[i]! - shift;
  }
  return values;
}

export function floatConstant(dims: readonly number[], data: Float32Array): TensorValue {
  return { type: 'float32', dims, data };
}
