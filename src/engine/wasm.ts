import { LutraError } from '../errors.js';
import { WASM_BASE64 } from '../kernels/gen/wasm.js';
import { unshareMemory } from '../kernels/memory-flag.js';
import type { WasmVariant } from '../session/types.js';
import { decodeBase64 } from './features.js';

const PAGE_BYTES = 65536;

const compiled = new Map<string, Promise<WebAssembly.Module>>();

/** The compiled kernels; compiled once per kind and thread. */
export function compileKernels(variant: Exclude<WasmVariant, 'auto'>, shared: boolean): Promise<WebAssembly.Module> {
  const key = `${variant} ${shared}`;
  let module = compiled.get(key);
  if (!module) {
    const bytes = decodeBase64(WASM_BASE64[variant]);
    module = WebAssembly.compile((shared ? bytes : unshareMemory(bytes)) as BufferSource).catch((thrown: unknown) => {
      compiled.delete(key);
      throw new LutraError('PLATFORM', 'the Wasm kernels could not be compiled', {
        hint: "A Content Security Policy must allow 'wasm-unsafe-eval'",
        cause: thrown,
      });
    });
    compiled.set(key, module);
  }
  return module;
}

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
