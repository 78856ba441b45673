import { createReadStream, readFileSync, statSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize, sep } from 'node:path';
import { gzipSync } from 'node:zlib';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};
/** Memory can be shared between workers only on pages served with these headers. */
const HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};
/** The folder of the address space in which models lie; everything else is code. */
const MODELS = '/models/';

/** Bytes sent since {@link BenchServer.reset}. */
export interface Sent {
  runtime: number;
  models: number;
}

/** Serves the bundled pages, compressed, and the model files as they are, and counts what it sends. */
export class BenchServer {
  readonly sent: Sent = { runtime: 0, models: 0 };
  readonly #compressed = new Map<string, Buffer>();
  readonly #server: Server;

  private constructor(
    private readonly site: string,
    private readonly models: string,
  ) {
    this.#server = createServer((request, response) => {
      this.#answer(new URL(request.url ?? '/', 'http://bench').pathname, response);
    });
  }

  /** @param site folder of the pages @param models folder of the model files, served at `/models/` */
  static async start(site: string, models: string): Promise<BenchServer> {
    const server = new BenchServer(site, models);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  address(path: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${path}`;
  }

  reset(): void {
    this.sent.runtime = 0;
    this.sent.models = 0;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer(pathname: string, response: ServerResponse): void {
    const isModel = pathname.startsWith(MODELS);
    const root = isModel ? this.models : this.site;
    const path = normalize(join(root, decodeURIComponent(isModel ? pathname.slice(MODELS.length) : pathname)));
    const stats = path.startsWith(root + sep) ? statSync(path, { throwIfNoEntry: false }) : undefined;
    if (!stats?.isFile()) {
      response.writeHead(404, HEADERS).end();
      return;
    }
    const type = TYPES[extname(path)] ?? 'application/octet-stream';
    if (isModel) {
      this.sent.models += stats.size;
      response.writeHead(200, { ...HEADERS, 'Content-Type': type, 'Content-Length': stats.size });
      createReadStream(path).pipe(response);
      return;
    }
    let body = this.#compressed.get(path);
    if (!body) {
      body = gzipSync(readFileSync(path), { level: 9 });
      this.#compressed.set(path, body);
    }
    this.sent.runtime += body.length;
    response.writeHead(200, {
      ...HEADERS,
      'Content-Type': type,
      'Content-Encoding': 'gzip',
      'Content-Length': body.length,
    });
    response.end(body);
  }
}
