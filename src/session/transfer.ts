import type { Values } from './service.js';

/** Buffers of freshly made tensors, to be moved to another thread instead of copied. */
export function buffersOf(values: Values): ArrayBuffer[] {
  return Object.values(values).flatMap(({ data }) => (ArrayBuffer.isView(data) ? [data.buffer as ArrayBuffer] : []));
}
