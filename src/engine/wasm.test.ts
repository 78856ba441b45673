import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inflateModule, loadKernels } from './wasm.js';

let server: Server;
let base: string;
let kernels: Uint8Array;

beforeAll(async () => {
  const inlined = readFileSync('src/kernels/gen/simd.ts', 'utf8').match(/'([^']+)'/)![1]!;
  kernels = await inflateModule(inlined);
  server = createServer((request, response) => {
    // The wrong type on purpose.
    response.setHeader('content-type', 'text/plain').setHeader('connection', 'close');
    if (request.url === '/simd.wasm') response.end(kernels);
    else if (request.url === '/page') response.end('<!doctype html>');
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const names = (module: WebAssembly.Module): string[] => WebAssembly.Module.exports(module).map(({ name }) => name);

describe('loadKernels', () => {
  it('takes a build from an address, whatever type it comes with', async () => {
    const fetched = await loadKernels('simd', 1, { simd: `${base}/simd.wasm` });
    const inlined = await loadKernels('simd', 1);
    expect(fetched.module).not.toBe(inlined.module);
    expect(names(fetched.module)).toEqual(names(inlined.module));
    // An address for the other build changes nothing.
    expect(await loadKernels('simd', 1, { relaxed: `${base}/missing` })).toBe(inlined);
  });

  it.each([
    ['/page', 'is no Wasm file'],
    ['/missing', 'answered 404'],
  ])('names %s, and tries again when asked again', async (path, words) => {
    const load = () => loadKernels('simd', 1, { simd: base + path });
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(load()).rejects.toMatchObject({
        code: 'LOAD_FAILED',
        message: expect.stringContaining(`${base}${path} ${words}`),
      });
    }
  });
});
