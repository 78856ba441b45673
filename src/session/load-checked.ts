import { LutraError } from '../errors.js';
import { hasIntegrity } from './integrity.js';
import type { LoadOptions, ModelSource } from './load.js';
import { type CachedModel, type ModelCache, openModelCache, versionOf } from './model-cache.js';

type Bytes = Uint8Array<ArrayBuffer>;
/** How a model is loaded without checks and caches. */
type Load = (source: ModelSource, options: LoadOptions, request: typeof fetch) => Promise<Bytes>;

/** Address under which a model is kept. Undefined when it does not come from the web. */
function addressOf(source: ModelSource): string | undefined {
  if (typeof source !== 'string' && !(source instanceof URL)) return undefined;
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  if (!URL.canParse(String(source), base)) return undefined;
  const { protocol, href } = new URL(source, base);
  return /^https?:$/.test(protocol) ? href : undefined;
}

async function cacheOf(
  source: ModelSource,
  kind: LoadOptions['cache'] = 'none',
): Promise<{ readonly cache: ModelCache; readonly url: string } | undefined> {
  const url = addressOf(source);
  const cache = url && kind !== 'none' ? await openModelCache(kind) : undefined;
  return cache && url ? { cache, url } : undefined;
}

/** Headers that ask the server to answer 304 when the kept copy is current. Not for other sites: they would have to allow the headers. */
function validators({ etag, lastModified }: CachedModel, url: string): Record<string, string> {
  if (new URL(url).origin !== globalThis.location?.origin) return {};
  if (etag) return { 'if-none-match': etag };
  return lastModified ? { 'if-modified-since': lastModified } : {};
}

async function check(bytes: Bytes, integrity: string | undefined, what: string): Promise<Bytes> {
  if (integrity && !(await hasIntegrity(bytes, integrity))) {
    throw new LutraError('LOAD_FAILED', `${what} is not the file that "integrity" names`, {
      expected: integrity,
      actual: `${bytes.length} bytes with another hash`,
    });
  }
  return bytes;
}

/**
 * Loads a model that must have a certain hash, or that is kept for later visits.
 *
 * A kept copy that has the stated hash is used at once. Without a stated hash it is used when the server says that it is current (ETag or
 * Last-Modified, on the page's own site), or when nothing usable comes from the network. A copy that is damaged or has another hash is
 * downloaded again. A model that cannot be kept is loaded all the same.
 *
 * @throws LutraError `LOAD_FAILED` and `ABORTED` as `load`, and when the hash is another; `INVALID_ARGUMENT`, `PLATFORM`
 */
export async function loadChecked(source: ModelSource, options: LoadOptions, load: Load): Promise<Bytes> {
  const { integrity, signal, onProgress } = options;
  const what = addressOf(source) ?? (typeof source === 'string' ? source : 'the model');
  const place = await cacheOf(source, options.cache);
  if (!place) return check(await load(source, options, fetch), integrity, what);
  const { cache, url } = place;
  const kept = await cache.read(url).catch(() => undefined);
  const takeKept = ({ bytes }: CachedModel): Bytes => {
    onProgress?.({ stage: 'download', loaded: bytes.length, total: bytes.length });
    return bytes;
  };
  if (kept && integrity && (await hasIntegrity(kept.bytes, integrity))) return takeKept(kept);

  const fallback = integrity ? undefined : kept;
  let headers = new Headers();
  let isCurrent = false;
  const request: typeof fetch = async (input, init) => {
    const response = await fetch(input, { ...init, headers: fallback ? validators(fallback, url) : {} });
    headers = response.headers;
    isCurrent = response.status === 304 && fallback !== undefined;
    return isCurrent ? new Response(fallback!.bytes) : response;
  };
  try {
    const bytes = await check(await load(source, options, request), integrity, what);
    if (!isCurrent) {
      await cache.write(url, { bytes, ...versionOf(headers) }).catch(() => cache.remove(url).catch(() => {}));
    }
    return bytes;
  } catch (thrown) {
    if (!fallback || signal?.aborted) throw thrown;
    return takeKept(fallback);
  }
}

/** Removes a kept file that is not a model. */
export async function forget(source: ModelSource, kind: LoadOptions['cache']): Promise<void> {
  const place = await cacheOf(source, kind);
  await place?.cache.remove(place.url).catch(() => {});
}
