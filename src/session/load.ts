import { LutraError } from '../errors.js';
import type { CreateOptions, LoadProgress } from './types.js';

/** Where a model comes from. In Node a string without a scheme is a file path. */
export type ModelSource = string | URL | ArrayBuffer | Uint8Array | Response;

export interface LoadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  readonly integrity?: string | undefined;
  readonly cache?: CreateOptions['cache'] | undefined;
}

const LESS_THAN = 0x3c;

/**
 * Loads the bytes of a model into a buffer of their own.
 *
 * @throws LutraError `LOAD_FAILED` for network and HTTP errors, for HTML in place of a model and for another hash than `integrity`
 *   states; `ABORTED`, `INVALID_ARGUMENT`, `PLATFORM`.
 */
export async function loadBytes(source: ModelSource, options: LoadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  const { integrity, cache = 'none' } = options;
  if (!integrity && cache === 'none') return loadUnchecked(source, options, fetch);
  // Most pages do not need this code.
  return (await import('./load-checked.js')).loadChecked(source, options, loadUnchecked);
}

async function loadUnchecked(
  source: ModelSource,
  options: LoadOptions,
  request: typeof fetch,
): Promise<Uint8Array<ArrayBuffer>> {
  const { signal, onProgress } = options;
  if (source instanceof ArrayBuffer) return finish(new Uint8Array(source.slice(0)), 'the given bytes', onProgress);
  if (ArrayBuffer.isView(source)) return finish(new Uint8Array(source), 'the given bytes', onProgress);
  if (typeof Response === 'function' && source instanceof Response) return download(source, source.url, options);
  if (typeof source !== 'string' && !(source instanceof URL)) {
    throw new LutraError('INVALID_ARGUMENT', 'the model is neither a URL nor bytes', {
      expected: 'string, URL, Response, ArrayBuffer or Uint8Array',
      actual: typeof source,
    });
  }
  const url = String(source);
  const path = filePath(source);
  try {
    if (path !== undefined) {
      const { readFile } = process.getBuiltinModule('node:fs/promises');
      const file = await readFile(path, signal ? { signal } : {});
      return finish(new Uint8Array(file), url, onProgress);
    }
    return await download(await request(source, signal ? { signal } : {}), url, options);
  } catch (thrown) {
    if (thrown instanceof LutraError) throw thrown;
    throw failed(`${url} could not be loaded: ${thrown instanceof Error ? thrown.message : thrown}`, signal, thrown);
  }
}

/** Path of a local file. Undefined for other addresses, and in browsers. */
function filePath(source: string | URL): string | URL | undefined {
  if (typeof globalThis.process?.getBuiltinModule !== 'function' || 'document' in globalThis) return undefined;
  const url = String(source);
  if (url.startsWith('file:')) return new URL(url);
  // A single letter before the colon is a drive, not a scheme.
  return /^[a-z][a-z\d+.-]+:/i.test(url) ? undefined : url;
}

async function download(response: Response, url: string, options: LoadOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { signal, onProgress } = options;
  if (!response.ok) {
    throw new LutraError('LOAD_FAILED', `${url} answered ${response.status} ${response.statusText}`.trimEnd());
  }
  // With a content encoding the header gives the compressed length, but the stream gives the bytes uncompressed.
  const encoded = response.headers.has('content-encoding');
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  let total = Number.isSafeInteger(length) && !encoded ? length : undefined;
  let bytes = new Uint8Array();
  let loaded = 0;
  onProgress?.({ stage: 'download', loaded, total });
  const reader = response.body?.getReader();
  const cancel = (): void => void reader?.cancel().catch(() => {});
  signal?.addEventListener('abort', cancel);
  try {
    for (;;) {
      const part = await reader?.read();
      if (signal?.aborted) throw failed(`loading ${url} was aborted`, signal, signal.reason);
      if (!part || part.done) break;
      const end = loaded + part.value.length;
      if (total !== undefined && end > total) total = undefined;
      if (end > bytes.length) bytes = resized(bytes, total ?? 2 * end);
      bytes.set(part.value, loaded);
      loaded = end;
      onProgress?.({ stage: 'download', loaded, total });
    }
  } catch (thrown) {
    if (thrown instanceof LutraError) throw thrown;
    throw failed(`loading ${url} broke off after ${loaded} bytes`, signal, thrown);
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
  if (total !== undefined && loaded < total) {
    throw new LutraError('LOAD_FAILED', `${url} broke off`, { expected: `${total} bytes`, actual: `${loaded}` });
  }
  return refuseHtml(loaded < bytes.length ? resized(bytes, loaded) : bytes, url);
}

/** A copy with more or fewer bytes. */
function resized(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(length);
  copy.set(bytes.subarray(0, length));
  return copy;
}

function finish(
  bytes: Uint8Array<ArrayBuffer>,
  what: string,
  onProgress: LoadOptions['onProgress'],
): Uint8Array<ArrayBuffer> {
  onProgress?.({ stage: 'download', loaded: bytes.length, total: bytes.length });
  return refuseHtml(bytes, what);
}

/** Servers often answer a wrong address with a page. No ONNX file begins with `<`. */
function refuseHtml(bytes: Uint8Array<ArrayBuffer>, what: string): Uint8Array<ArrayBuffer> {
  const start = bytes.subarray(0, 64).findIndex((byte) => byte > 32 && byte < 127);
  if (bytes[start] === LESS_THAN && bytes.subarray(0, start).every((byte) => byte <= 32 || byte >= 0xbb)) {
    throw new LutraError('LOAD_FAILED', `${what} is a web page, not a model`, {
      hint: 'Check the address: servers often answer a missing file with a page',
    });
  }
  return bytes;
}

function failed(message: string, signal: AbortSignal | undefined, cause: unknown): LutraError {
  return signal?.aborted
    ? new LutraError('ABORTED', 'loading was aborted', { cause: signal.reason })
    : new LutraError('LOAD_FAILED', message, { cause });
}
