import { LutraError } from '../errors.js';
import type { PixelImage } from './dataset.js';
import { fromPlanes } from './image.js';

const SIDE = 32;
/** One label byte, then the R, G and B planes. */
export const CIFAR_RECORD = 1 + 3 * SIDE * SIDE;

/**
 * Class index of every record [n] of a CIFAR-10 binary file (A. Krizhevsky, "The CIFAR-10 dataset", binary version).
 * @throws {LutraError} `INVALID_DATA` when the length is not a whole number of records or a label exceeds 9.
 */
export function cifarLabels(bytes: Uint8Array, name: string): Int32Array {
  const count = bytes.length / CIFAR_RECORD;
  if (count === 0 || !Number.isInteger(count)) {
    throw new LutraError('INVALID_DATA', `${name} is not a CIFAR-10 binary file`, {
      expected: `a multiple of ${CIFAR_RECORD} bytes`,
      actual: `${bytes.length}`,
    });
  }
  return Int32Array.from({ length: count }, (_, i) => {
    const label = bytes[i * CIFAR_RECORD]!;
    if (label > 9) {
      throw new LutraError('INVALID_DATA', `${name}: record ${i} has a wrong label`, {
        expected: '0..9',
        actual: `${label}`,
      });
    }
    return label;
  });
}

/** Image `index` of a CIFAR-10 binary file, planes interleaved to [32, 32, 3]. */
export function cifarImage(bytes: Uint8Array, index: number): PixelImage {
  const planes = bytes.subarray(index * CIFAR_RECORD + 1, (index + 1) * CIFAR_RECORD);
  return fromPlanes(SIDE, SIDE, 3, planes);
}
