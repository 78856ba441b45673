import { LutraError } from '../errors.js';
import { elementCount } from '../graph/tensor.js';
import type { TensorValue } from '../graph/types.js';

const UNSIGNED_BYTE = 0x08;

/** True for the first bytes of an IDX file: two zeros, a known type, one to four dimensions. */
export function isIdx(bytes: Uint8Array): boolean {
  const [first, second, type = 0, rank = 0] = bytes;
  return bytes.length >= 8 && first === 0 && second === 0 && type >= 8 && type <= 14 && rank >= 1 && rank <= 4;
}

/**
 * Reads an uncompressed IDX file, the format of MNIST (Y. LeCun, "The MNIST database", file formats): a big-endian magic
 * number, dimension sizes and bytes. `name` is used in messages.
 * @throws {LutraError} `INVALID_DATA` for other element types and for sizes that do not match.
 */
export function parseIdx(bytes: Uint8Array, name: string): TensorValue {
  if (!isIdx(bytes)) throw new LutraError('INVALID_DATA', `${name} is not an IDX file`);
  if (bytes[2] !== UNSIGNED_BYTE) {
    throw new LutraError('INVALID_DATA', `${name}: unsupported IDX element type`, {
      expected: '0x08 (unsigned byte)',
      actual: `0x${bytes[2]!.toString(16)}`,
    });
  }
  const rank = bytes[3]!;
  const header = 4 + 4 * rank;
  if (bytes.length < header) throw new LutraError('INVALID_DATA', `${name} ends inside its IDX header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dims = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const data = bytes.subarray(header);
  if (data.length !== elementCount(dims)) {
    throw new LutraError('INVALID_DATA', `${name} is not as long as its IDX header says`, {
      expected: `${dims.join('×')} = ${elementCount(dims)} bytes`,
      actual: `${data.length}`,
    });
  }
  return { type: 'uint8', dims, data };
}

/**
 * The label file that belongs to an image file by MNIST's naming (`…-images-idx3-ubyte` and `…-labels-idx1-ubyte`, dots or
 * dashes), or undefined when the name does not follow it.
 */
export function labelFileName(imageFile: string): string | undefined {
  const name = imageFile.replace(/images([-.])idx\d/, 'labels$1idx1');
  return name === imageFile ? undefined : name;
}
