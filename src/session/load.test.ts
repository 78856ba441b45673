import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LutraError } from '../errors.js';
import { loadBytes } from './load.js';
import type { LoadProgress } from './types.js';

const MODEL = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i + 8) & 255);

const answers: Readonly<Record<string, RequestListener>> = {
  '/model': (_request, response) => response.setHeader('content-length', MODEL.length).end(MODEL),
  '/chunked': (_request, response) => {
    response.write(MODEL.subarray(0, 60_000));
    response.end(MODEL.subarray(60_000));
  },
  '/gzip': (_request, response) => {
    const packed = gzipSync(MODEL);
    response.setHeader('content-encoding', 'gzip').setHeader('content-length', packed.length).end(packed);
  },
  '/page': (_request, response) => response.end('\ufeff \n<!DOCTYPE html><title>Not here</title>'),
  '/short': (_request, response) => {
    response.setHeader('content-length', MODEL.length).write(MODEL.subarray(0, 1000));
    setTimeout(() => response.destroy(), 20);
  },
  '/lie': (_request, response) => {
    response.setHeader('content-length', 2 ** 50).write(MODEL.subarray(0, 1000));
  },
  '/slow': (_request, response) => response.setHeader('content-length', MODEL.length).write(MODEL.subarray(0, 1000)),
};
let server: Server;
let base: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    // A kept-alive connection that the server drops is a failure of this test, not of the loader.
    response.setHeader('connection', 'close');
    const answer = answers[request.url ?? ''];
    if (answer) answer(request, response);
    else response.writeHead(404).end('<html>no such file</html>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function failure(task: Promise<unknown>): Promise<LutraError> {
  const thrown = await task.catch((reason: unknown) => reason);
  expect(thrown).toBeInstanceOf(LutraError);
  return thrown as LutraError;
}

describe('loadBytes', () => {
  it.each(['/model', '/chunked', '/gzip'])('downloads %s with true progress', async (path) => {
    const steps: LoadProgress[] = [];
    expect(await loadBytes(base + path, { onProgress: (step) => steps.push(step) })).toEqual(MODEL);
    expect(steps[0]!.loaded).toBe(0);
    expect(steps.at(-1)!.loaded).toBe(MODEL.length);
    for (const [index, { loaded, total }] of steps.entries()) {
      expect(total).toBe(path === '/model' ? MODEL.length : undefined);
      expect(loaded).toBeGreaterThanOrEqual(steps[index - 1]?.loaded ?? 0);
    }
  });

  it('takes URLs, responses, bytes and, here, files', async () => {
    expect(await loadBytes(new URL(`${base}/model`))).toEqual(MODEL);
    expect(await loadBytes(await fetch(`${base}/model`))).toEqual(MODEL);
    const copy = await loadBytes(MODEL);
    expect(copy).toEqual(MODEL);
    expect(copy.buffer).not.toBe(MODEL.buffer);
    expect(await loadBytes(MODEL.buffer)).toEqual(MODEL);
    const here = new URL('./load.ts', import.meta.url);
    expect(await loadBytes(here)).toEqual(await loadBytes(fileURLToPath(here)));
  });

  it.each([
    ['/missing', /answered 404/],
    ['/page', /web page, not a model/],
    ['/short', /broke off/],
    ['/lie', /broke off after 0 bytes/],
  ])('says what is wrong with %s', async (path, message) => {
    const error = await failure(loadBytes(base + path));
    expect(error.code).toBe('LOAD_FAILED');
    expect(error.message).toMatch(message);
  });

  it('says so when there is no server or no file', async () => {
    expect((await failure(loadBytes('http://127.0.0.1:1/model'))).code).toBe('LOAD_FAILED');
    expect((await failure(loadBytes('./no-such-file.onnx'))).code).toBe('LOAD_FAILED');
    expect((await failure(loadBytes(5 as unknown as string))).code).toBe('INVALID_ARGUMENT');
  });

  it('stops when the signal fires, before and while data come', async () => {
    const early = await failure(loadBytes(`${base}/model`, { signal: AbortSignal.abort('why') }));
    expect([early.code, early.cause]).toEqual(['ABORTED', 'why']);
    const controller = new AbortController();
    const late = failure(
      loadBytes(`${base}/slow`, {
        signal: controller.signal,
        onProgress: ({ loaded }) => loaded > 0 && controller.abort('enough'),
      }),
    );
    expect([(await late).code, (await late).cause]).toEqual(['ABORTED', 'enough']);
  });
});
