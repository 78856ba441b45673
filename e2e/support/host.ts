import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { HOST } from '../ports.js';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.mjs': 'text/javascript',
  '.onnx': 'application/octet-stream',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
};

/** The policy that pages of the library need on any host, and no word more. */
export const STRICT_POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; style-src 'self'";

/** What has a browser share memory between the workers of a page. */
export const ISOLATION = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
} as const;

export interface Host {
  /** Ends with a slash. */
  readonly url: string;
  /** Paths asked for, oldest first. */
  readonly requests: string[];
  close(): Promise<void>;
}

/**
 * Serves folders as any static host would, on a free port: `{ '/models/': 'public/models' }`.
 * The longest prefix that fits decides.
 */
export async function startHost(
  folders: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Host> {
  const prefixes = Object.keys(folders).sort((a, b) => b.length - a.length);
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://host').pathname));
    requests.push(path);
    const prefix = prefixes.find((start) => path.startsWith(start));
    const file = prefix && join(folders[prefix]!, path.slice(prefix.length), path.endsWith('/') ? 'index.html' : '');
    const facts = file ? statSync(file, { throwIfNoEntry: false }) : undefined;
    if (!file || !facts?.isFile()) {
      response.writeHead(404, { ...headers, 'content-type': 'text/html' }).end('<!doctype html>not here');
      return;
    }
    const etag = `"${facts.size}-${facts.mtimeMs}"`;
    const about = { ...headers, etag, 'cache-control': 'no-cache' };
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304, about).end();
      return;
    }
    const type = TYPES[extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, { ...about, 'content-type': type, 'content-length': facts.size });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}/`,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
