import { LutraError, type LutraErrorDetails } from '../errors.js';
import type { DataType, DataTypeMap, TensorType, TensorValue } from './types.js';

const CONSTRUCTORS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

/** Bytes per element; strings have none and throw `UNSUPPORTED`. */
export function bytesPerElement(type: DataType): number {
  return arrayType(type).BYTES_PER_ELEMENT;
}

/** The typed-array constructor that stores `type`. */
export function arrayType<T extends Exclude<DataType, 'string'>>(type: DataType): (typeof CONSTRUCTORS)[T] {
  if (type === 'string') throw new LutraError('UNSUPPORTED', 'string tensors have no binary storage');
  return CONSTRUCTORS[type] as (typeof CONSTRUCTORS)[T];
}

/** Number of elements; 1 for a scalar. */
export function elementCount(dims: readonly number[]): number {
  let count = 1;
  for (const dim of dims) count *= dim;
  return count;
}

/** Bytes of the largest tensor: larger sizes are refused before anything is allocated. */
export const MAX_TENSOR_BYTES = 2 ** 31;
/** A string takes at least a pointer and a header. */
const STRING_BYTES = 64;

/** Bytes that a tensor takes. Strings count as short ones. */
export function tensorBytes({ type, dims }: TensorType): number {
  return elementCount(dims) * (type === 'string' ? STRING_BYTES : bytesPerElement(type));
}

/**
 * Refuses a shape that is no shape, and a tensor that no plan could hold. Every size that a file declares or a node computes passes here
 * before it decides an allocation or a loop.
 *
 * @param details what the error says besides: the node
 * @throws LutraError `INVALID_MODEL`, `OUT_OF_MEMORY`
 */
export function checkTensorSize(type: TensorType, what: string, details: LutraErrorDetails = {}): void {
  if (!type.dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
    throw new LutraError('INVALID_MODEL', `${what} has an impossible shape ${formatType(type)}`, details);
  }
  // A size of 0 hides the product of the others, which still decides loops over axes.
  const longest = tensorBytes({ ...type, dims: type.dims.map((dim) => Math.max(1, dim)) });
  if (longest >= MAX_TENSOR_BYTES) {
    throw new LutraError('OUT_OF_MEMORY', `${what} is too large: ${formatType(type)}`, {
      expected: `less than ${MAX_TENSOR_BYTES} bytes`,
      actual: `${longest} bytes`,
      ...details,
    });
  }
}

/**
 * A zero-filled tensor.
 * @throws LutraError `OUT_OF_MEMORY`
 */
export function allocate(type: DataType, dims: readonly number[]): TensorValue {
  checkTensorSize({ type, dims }, 'a tensor');
  const count = elementCount(dims);
  if (type === 'string') return { type, dims, data: new Array<string>(count).fill('') };
  const Type = arrayType(type);
  try {
    return { type, dims, data: new Type(count) };
  } catch (cause) {
    throw new LutraError('OUT_OF_MEMORY', `no memory for ${formatType({ type, dims })}`, { cause });
  }
}

/** Builds a tensor after checking that `data` has the length that `dims` asks for. */
export function tensorValue<T extends DataType>(type: T, dims: readonly number[], data: DataTypeMap[T]): TensorValue {
  const count = elementCount(dims);
  if (data.length !== count) {
    throw new LutraError('INVALID_ARGUMENT', 'tensor data does not fit its shape', {
      expected: `${count} elements for [${dims}]`,
      actual: `${data.length}`,
    });
  }
  return { type, dims, data };
}

/** A view of integer or float data as numbers; refuses strings and int64 beyond 2^53. */
export function toNumbers(value: TensorValue): number[] {
  return Array.from(value.data as ArrayLike<number | bigint | string>, (x) => {
    const number = typeof x === 'bigint' ? Number(x) : x;
    if (typeof number === 'string' || (typeof x === 'bigint' && !Number.isSafeInteger(number))) {
      throw new LutraError('UNSUPPORTED', `value ${x} cannot be used as a number`);
    }
    return number;
  });
}

/** "float32[1,3,32,32]", for messages. */
export function formatType(type: TensorType): string {
  return `${type.type}[${type.dims.join(',')}]`;
}
