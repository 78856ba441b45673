import { LutraError } from '../errors.js';

const PAGE_BYTES = 65536;

/**
 * A memory of at least `bytes` that never grows.
 *
 * @throws LutraError `OUT_OF_MEMORY`
 */
export function createMemory(bytes: number, shared: boolean): WebAssembly.Memory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  } catch (cause) {
    throw new LutraError('OUT_OF_MEMORY', `${pages * PAGE_BYTES} bytes of Wasm memory could not be reserved`, {
      hint: 'Release other sessions, or use smaller inputs',
      cause,
    });
  }
}
