import { LutraError } from '../errors.js';
import { arrayType, elementCount } from '../graph/tensor.js';
import type { DataType, DataTypeMap } from '../graph/types.js';
import type { TensorLike } from './types.js';

/** Plain values that a tensor can be made from. */
type Values = readonly (number | bigint | boolean | string)[];

/** A tensor in the caller's memory, like onnxruntime's: element type, row-major data, shape. */
export class Tensor<T extends DataType = DataType> implements TensorLike {
  readonly type: T;
  readonly data: DataTypeMap[T];
  readonly dims: readonly number[];

  /**
   * @param type Element type; float16 data are raw bits in a Uint16Array, bool data 0 or 1 in a Uint8Array.
   * @param data A typed array of that type (kept, not copied) or plain values (converted).
   * @param dims Shape; default one dimension.
   * @throws LutraError `INVALID_ARGUMENT` when the data do not fit the type or the shape.
   */
  constructor(type: T, data: DataTypeMap[T] | Values, dims: readonly number[] = [data.length]) {
    this.type = type;
    this.dims = [...dims];
    this.data = Array.isArray(data) ? convert(type, data) : (data as DataTypeMap[T]);
    const storage = type === 'string' ? Array : arrayType(type);
    if (!storage || !(this.data instanceof storage)) {
      throw new LutraError('INVALID_ARGUMENT', 'tensor data have the wrong class', {
        expected: storage?.name ?? 'an ONNX element type',
        actual: (data as object | undefined)?.constructor?.name ?? typeof data,
      });
    }
    if (this.data.length !== elementCount(dims) || !dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
      throw new LutraError('INVALID_ARGUMENT', 'tensor data do not fit the shape', {
        expected: `${elementCount(dims)} elements for [${dims}]`,
        actual: `${data.length}`,
      });
    }
  }

  /** Number of elements. */
  get size(): number {
    return this.data.length;
  }

  /** The same data in another shape of as many elements. */
  reshape(dims: readonly number[]): Tensor<T> {
    return new Tensor(this.type, this.data, dims);
  }
}

function convert<T extends DataType>(type: T, values: Values): DataTypeMap[T] {
  if (type === 'string') return values.map(String) as DataTypeMap[T];
  const wide = type === 'int64' || type === 'uint64';
  try {
    const numbers = values.map((value) => (wide ? BigInt(value) : Number(value)));
    return (arrayType(type) as unknown as { from(from: unknown[]): DataTypeMap[T] }).from(numbers);
  } catch (cause) {
    throw new LutraError('INVALID_ARGUMENT', `tensor data are not ${type}`, { cause });
  }
}
