import type { TensorProto } from 'onnx-buf';
import { LutraError } from '../errors.js';
import { arrayType, bytesPerElement } from '../graph/tensor.js';
import type { DataType, TensorData, TensorValue } from '../graph/types.js';

/** TensorProto.DataType numbers of the element types that the IR holds (onnx.proto). */
export const ELEMENT_TYPES: Readonly<Record<DataType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
};
const TYPE_OF_NUMBER = new Map(Object.entries(ELEMENT_TYPES).map(([type, number]) => [number, type as DataType]));
const UNSUPPORTED_NAMES: Readonly<Record<number, string>> = {
  14: 'complex64',
  15: 'complex128',
  16: 'bfloat16',
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
  21: 'uint4',
  22: 'int4',
  23: 'float4e2m1',
  24: 'float8e8m0',
  25: 'uint2',
  26: 'int2',
};
/** Most elements of one tensor: offsets must stay in 32 bits. */
const LARGEST_COUNT = 2 ** 31;
const LARGEST_RANK = 64;

/** Element type of an ONNX number; `where` names the value in the error. */
export function elementType(number: number, where: string): DataType {
  const type = TYPE_OF_NUMBER.get(number);
  if (type) return type;
  const name = UNSUPPORTED_NAMES[number];
  if (name) {
    throw new LutraError('UNSUPPORTED', `${where} has element type ${name}`, {
      hint: 'Convert the model to float32 first',
    });
  }
  throw new LutraError('INVALID_MODEL', `${where} has the unknown element type ${number}`);
}

/** int64 → number; refuses what a number cannot hold. */
export function toSafeInteger(value: bigint, where: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new LutraError('UNSUPPORTED', `${where}: integer ${value} is beyond 2^53`);
  return number;
}

/** UTF-8 bytes → string; refuses bytes that are not UTF-8. */
export function toText(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new LutraError('UNSUPPORTED', `${where}: the string is not UTF-8`, { cause });
  }
}

/**
 * A stored tensor. `raw_data` becomes a view of the file's bytes where its place is aligned to the element size, else a copy.
 *
 * @throws LutraError `INVALID_MODEL` (data does not fit dims) or `UNSUPPORTED` (element type, external data, segments).
 */
export function parseTensor(proto: TensorProto, where: string): TensorValue {
  const type = elementType(proto.dataType, where);
  if (proto.dataLocation === 1 || proto.externalData.length > 0) {
    throw new LutraError('UNSUPPORTED', `${where} keeps its data in another file`, {
      hint: 'Save the model as one file: onnx.save_model(model, path, save_as_external_data=False)',
    });
  }
  if (proto.segment) throw new LutraError('UNSUPPORTED', `${where} is a segment of a larger tensor`);
  const dims = parseDims(proto.dims, where);
  const count = dims.reduce((product, dim) => product * dim, 1);
  return {
    type,
    dims,
    data: proto.rawData.length > 0 ? rawData(proto, type, count, where) : typedData(proto, type, count, where),
  };
}

/** Checks the product too, before anything is allocated. */
function parseDims(protoDims: readonly bigint[], where: string): number[] {
  if (protoDims.length > LARGEST_RANK) throw new LutraError('INVALID_MODEL', `${where} has rank ${protoDims.length}`);
  let count = 1;
  const dims = protoDims.map((dim) => {
    const size = Number(dim);
    if (size < 0 || size >= LARGEST_COUNT) throw new LutraError('INVALID_MODEL', `${where} has dimension ${dim}`);
    if (size > 0) count *= size;
    return size;
  });
  if (count >= LARGEST_COUNT) throw new LutraError('INVALID_MODEL', `${where} is too large: [${dims}]`);
  return dims;
}

function requireLength(actual: number, expected: number, unit: string, dims: readonly bigint[], where: string): void {
  if (actual === expected) return;
  throw new LutraError('INVALID_MODEL', `${where}: stored data does not fit its shape`, {
    expected: `${expected} ${unit} for [${dims}]`,
    actual: `${actual}`,
  });
}

function rawData(proto: TensorProto, type: DataType, count: number, where: string): TensorData {
  if (type === 'string') throw new LutraError('INVALID_MODEL', `${where}: strings cannot be stored as raw data`);
  const raw = proto.rawData;
  const size = bytesPerElement(type);
  requireLength(raw.length, count * size, 'bytes', proto.dims, where);
  if (type === 'bool') return raw.every((byte) => byte <= 1) ? raw : raw.map((byte) => (byte ? 1 : 0));
  const Type = arrayType(type);
  if (raw.byteOffset % size === 0) return new Type(raw.buffer, raw.byteOffset, count);
  return new Type(new Uint8Array(raw).buffer);
}

/** The field in which onnx.proto stores each element type; those not listed here are in `int32Data`. */
const FIELDS = {
  string: 'stringData',
  float32: 'floatData',
  float64: 'doubleData',
  int64: 'int64Data',
  uint64: 'uint64Data',
  uint32: 'uint64Data',
} as const satisfies Partial<Record<DataType, keyof TensorProto>>;

function typedData(proto: TensorProto, type: DataType, count: number, where: string): TensorData {
  const field = proto[type in FIELDS ? FIELDS[type as keyof typeof FIELDS] : 'int32Data'];
  requireLength(field.length, count, 'elements', proto.dims, where);
  if (type === 'string') return proto.stringData.map((bytes) => toText(bytes, where));
  if (type === 'uint32') return Uint32Array.from(proto.uint64Data, (x) => Number(x));
  if (type === 'bool') return Uint8Array.from(proto.int32Data, (x) => (x ? 1 : 0));
  return (arrayType(type) as Int32ArrayConstructor).from(field as number[]);
}
