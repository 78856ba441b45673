import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const MODELS = 'public/models';
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.onnx': 'application/octet-stream',
};
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};
/** Nothing that a strict page would not allow. */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'";

/** The page of hashes on two origins. */
export interface Site {
  readonly isolated: string;
  readonly plain: string;
  close(): Promise<void>;
}

/** Names of the models that come with the project. */
export function shippedModels(): string[] {
  return readdirSync(MODELS)
    .filter((file) => file.endsWith('.onnx'))
    .sort();
}

export function readModel(name: string): Uint8Array {
  return readFileSync(join(MODELS, name));
}

function serve(folder: string, isolated: boolean): Promise<Server> {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://site').pathname));
    const file = path.startsWith('/models/')
      ? join(MODELS, path.slice(8))
      : join(folder, path === '/' ? 'index.html' : path);
    const headers = { ...(isolated ? ISOLATION : {}), 'Content-Security-Policy': POLICY };
    const list = path === '/models.json' ? JSON.stringify(shippedModels()) : undefined;
    if (list === undefined && !existsSync(file)) {
      response.writeHead(404, headers).end();
      return;
    }
    const type = TYPES[extname(path === '/' ? '.html' : path)] ?? 'application/octet-stream';
    response.writeHead(200, { ...headers, 'Content-Type': extname(path) ? type : TYPES['.html'] });
    response.end(list ?? readFileSync(file));
  });
  return new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', () => resolve(server)));
}

/** Builds the page and serves it, strict policy and all. */
export async function openSite(): Promise<Site> {
  const root = fileURLToPath(new URL('.', import.meta.url));
  const outDir = join(process.cwd(), `test-results/hashes-${process.pid}`);
  await build({
    root,
    base: './',
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    worker: { format: 'es' },
    build: { outDir, emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  });
  const servers = await Promise.all([serve(outDir, true), serve(outDir, false)]);
  const [isolated, plain] = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return {
    isolated: isolated!,
    plain: plain!,
    async close() {
      for (const server of servers) server.closeAllConnections();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
      rmSync(outDir, { recursive: true, force: true });
    },
  };
}
