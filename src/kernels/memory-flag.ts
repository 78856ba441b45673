import { LutraError } from '../errors.js';

const HEADER_BYTES = 8;
const IMPORT_SECTION = 2;
const MEMORY_IMPORT = 2;
/** Limits flags: bit 0 has a maximum, bit 1 shared. */
const SHARED = 0b10;

/**
 * Returns a copy of a Wasm module whose imported memory is no longer shared. The kernels use no atomics, so the same code
 * serves both; only this declaration decides which kind of memory the module accepts. The maximum stays declared: the memory
 * handed in must declare one too.
 *
 * @throws LutraError `INTERNAL` when the module imports no memory.
 */
export function unshareMemory(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[findMemoryFlags(copy)]! &= ~SHARED;
  return copy;
}

/** Byte offset of the limits flags of the imported memory (WebAssembly core specification, §5.5.5 import section). */
function findMemoryFlags(bytes: Uint8Array): number {
  let offset = HEADER_BYTES;
  const leb = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[offset++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80 || offset > bytes.length) return value;
    }
  };
  const skipName = (): void => {
    const length = leb();
    offset += length;
  };
  const skipLimits = (): void => {
    const flags = bytes[offset++]!;
    leb();
    if (flags & 1) leb();
  };
  /** Import kinds 0 function, 1 table, 3 global, 4 tag. */
  const skipImport: Readonly<Record<number, () => void>> = {
    0: () => void leb(),
    1: () => {
      offset++;
      skipLimits();
    },
    3: () => {
      offset += 2;
    },
    4: () => {
      offset++;
      leb();
    },
  };
  while (offset < bytes.length) {
    const section = bytes[offset++]!;
    const size = leb();
    if (section !== IMPORT_SECTION) {
      offset += size;
      continue;
    }
    const count = leb();
    for (let index = 0; index < count && offset < bytes.length; index++) {
      skipName();
      skipName();
      const kind = bytes[offset++]!;
      if (kind === MEMORY_IMPORT) return offset;
      skipImport[kind]?.();
    }
    break;
  }
  throw new LutraError('INTERNAL', 'the Wasm module imports no memory');
}
