import { sha256 } from './integrity.js';

/** A model as it was downloaded, with what its server said about its version. */
export interface CachedModel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

/** Keeps models by address. A model may be gone or damaged at any time, so a hash is kept beside the bytes and checked at every read. */
export interface ModelCache {
  /** The model, if it is there and undamaged. A damaged one is removed. */
  read(url: string): Promise<CachedModel | undefined>;
  write(url: string, model: CachedModel): Promise<void>;
  remove(url: string): Promise<void>;
}

/** What the headers of a server say about the version of a model. */
export function versionOf(headers: Headers): Omit<CachedModel, 'bytes'> {
  return { etag: headers.get('etag') ?? undefined, lastModified: headers.get('last-modified') ?? undefined };
}

const NAME = 'lutra-models';
const HASH_HEADER = 'x-lutra-sha256';

/** The cache of the given kind. Undefined where there is none: in Node, on insecure pages, with storage blocked. */
export async function openModelCache(kind: 'cache-api' | 'opfs'): Promise<ModelCache | undefined> {
  try {
    return kind === 'opfs' ? await openFiles() : await openResponses();
  } catch {
    return undefined;
  }
}

/** In the Cache API: https://w3c.github.io/ServiceWorker/#cache-interface */
async function openResponses(): Promise<ModelCache | undefined> {
  if (!globalThis.caches) return undefined;
  const cache = await caches.open(NAME);
  const remove = async (url: string): Promise<void> => void (await cache.delete(url));
  return {
    remove,
    async read(url) {
      const response = await cache.match(url);
      if (!response) return undefined;
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (response.headers.get(HASH_HEADER) !== (await sha256(bytes))) return void (await remove(url));
      return { bytes, ...versionOf(response.headers) };
    },
    async write(url, { bytes, etag, lastModified }) {
      const headers = new Headers({ [HASH_HEADER]: await sha256(bytes), 'content-type': 'application/octet-stream' });
      if (etag) headers.set('etag', etag);
      if (lastModified) headers.set('last-modified', lastModified);
      await cache.put(url, new Response(bytes, { headers }));
    },
  };
}

/** In the origin private file system (https://fs.spec.whatwg.org): the bytes, and beside them a JSON file written last. */
async function openFiles(): Promise<ModelCache | undefined> {
  const root = await globalThis.navigator?.storage?.getDirectory?.();
  const folder = await root?.getDirectoryHandle(NAME, { create: true });
  if (!folder) return undefined;
  const baseOf = async (url: string): Promise<string> =>
    (await sha256(new TextEncoder().encode(url))).replaceAll('/', '_').replaceAll('=', '');
  const readFile = async (name: string): Promise<File> => (await folder.getFileHandle(name)).getFile();
  const writeFile = async (name: string, content: FileSystemWriteChunkType): Promise<void> => {
    const file = await (await folder.getFileHandle(name, { create: true })).createWritable();
    await file.write(content);
    await file.close();
  };
  const remove = async (url: string): Promise<void> => {
    const base = await baseOf(url);
    for (const name of [`${base}.json`, `${base}.onnx`]) await folder.removeEntry(name).catch(() => {});
  };
  return {
    remove,
    async read(url) {
      const base = await baseOf(url);
      try {
        const facts = JSON.parse(await (await readFile(`${base}.json`)).text()) as Record<string, string | undefined>;
        const bytes = new Uint8Array(await (await readFile(`${base}.onnx`)).arrayBuffer());
        if (facts.sha256 === (await sha256(bytes))) {
          return { bytes, etag: facts.etag, lastModified: facts.lastModified };
        }
      } catch {
        // A file that is missing or cannot be read counts as damaged.
      }
      return void (await remove(url));
    },
    async write(url, { bytes, etag, lastModified }) {
      const base = await baseOf(url);
      await writeFile(`${base}.onnx`, bytes);
      await writeFile(`${base}.json`, JSON.stringify({ url, sha256: await sha256(bytes), etag, lastModified }));
    },
  };
}
