import { LutraError } from '../errors.js';
import { unshareMemory } from '../kernels/memory-flag.js';
import { canShareMemory, chooseVariant, decodeBase64 } from './features.js';
import type { WasmVariant } from './types.js';

/** A compiled Wasm build. May be posted to workers. */
export interface Kernels {
  readonly variant: Exclude<WasmVariant, 'auto'>;
  readonly module: WebAssembly.Module;
  /** Whether it wants shared memory. */
  readonly shared: boolean;
}

const SOURCES = {
  simd: () => import('../kernels/gen/simd.js'),
  relaxed: () => import('../kernels/gen/relaxed.js'),
} as const;

/** Addresses of builds that come from the network instead. */
type WasmUrls = Partial<Record<Kernels['variant'], string | URL>>;

const loaded = new Map<string, Promise<Kernels>>();

/**
 * Loads and compiles the Wasm build that fits this platform; each once per thread.
 *
 * @param threads As in `CreateOptions`: 1 never wants shared memory.
 * @param urls Where builds are fetched from instead.
 * @throws LutraError `PLATFORM`, `LOAD_FAILED`
 */
export async function loadKernels(wasm: WasmVariant, threads: number | 'auto', urls: WasmUrls = {}): Promise<Kernels> {
  const variant = chooseVariant(wasm);
  const shared = threads !== 1 && canShareMemory();
  const url = urls[variant];
  const key = `${variant} ${shared} ${url}`;
  let kernels = loaded.get(key);
  if (!kernels) {
    kernels = compile(variant, shared, url).catch((cause: unknown) => {
      loaded.delete(key);
      if (cause instanceof LutraError) throw cause;
      throw new LutraError('PLATFORM', 'the Wasm kernels could not be compiled', {
        hint: "A Content Security Policy must allow 'wasm-unsafe-eval'",
        cause,
      });
    });
    loaded.set(key, kernels);
  }
  return kernels;
}

async function compile(variant: Kernels['variant'], shared: boolean, url: string | URL | undefined): Promise<Kernels> {
  const bytes = url ? await fetchBytes(url) : await inflateModule((await SOURCES[variant]()).default);
  const module = await WebAssembly.compile((shared ? bytes : unshareMemory(bytes)) as BufferSource);
  return { variant, module, shared };
}

/** Bytes of a Wasm build as scripts/build-wasm.mjs stores it: base64 of raw deflate. */
export async function inflateModule(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([decodeBase64(text)]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The bytes, whatever MIME type they come with. */
async function fetchBytes(url: string | URL): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url);
  if (!response.ok) throw new LutraError('LOAD_FAILED', `${url} answered ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes[0] !== 0) throw new LutraError('LOAD_FAILED', `${url} is no Wasm file`);
  return bytes;
}
