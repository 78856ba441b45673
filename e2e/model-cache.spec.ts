import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import type { CreateOptions } from '../src/index.js';
import { test } from './support/plain-page.js';
import { EVERYWHERE, expect } from './support/test.js';

const MODEL = '/models/digits.lut.onnx';
const BYTES = readFileSync('public/models/digits.lut.onnx');
const INTEGRITY = `sha384-${createHash('sha384').update(BYTES).digest('base64')}`;
type Kind = 'cache-api' | 'opfs';

/** Loads the model in the page and gives its size, or the code of the error. */
async function load(page: Page, options: Pick<CreateOptions, 'cache' | 'integrity'>): Promise<number | string> {
  return page.evaluate(
    async ({ url, given }) => {
      const { InferenceSession } = (await import('/lutra/lutra.js' as string)) as typeof import('../src/index.js');
      try {
        const session = await InferenceSession.create(url, { ...given, threads: 1 });
        await session.release();
        return session.info.modelBytes;
      } catch (error) {
        return (error as { code: string }).code;
      }
    },
    { url: MODEL, given: options },
  );
}

/** Sizes of what is kept. */
function kept(page: Page, kind: Kind): Promise<number[]> {
  return page.evaluate(async (where) => {
    const sizes: number[] = [];
    if (where === 'cache-api') {
      const cache = await caches.open('lutra-models');
      for (const key of await cache.keys()) sizes.push((await (await cache.match(key))!.arrayBuffer()).byteLength);
      return sizes;
    }
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('lutra-models', { create: true });
    const entries = (folder as unknown as { values(): AsyncIterable<FileSystemFileHandle> }).values();
    for await (const entry of entries) if (entry.name.endsWith('.onnx')) sizes.push((await entry.getFile()).size);
    return sizes;
  }, kind);
}

/** Cuts the kept model short, as a full disk or a crash would. */
function damage(page: Page, kind: Kind): Promise<void> {
  return page.evaluate(async (where) => {
    if (where === 'cache-api') {
      const cache = await caches.open('lutra-models');
      const [key] = await cache.keys();
      const response = (await cache.match(key!))!;
      const bytes = (await response.arrayBuffer()).slice(0, 1000);
      await cache.put(key!, new Response(bytes, { headers: response.headers }));
      return;
    }
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('lutra-models');
    const entries = (folder as unknown as { values(): AsyncIterable<FileSystemFileHandle> }).values();
    for await (const entry of entries) {
      if (!entry.name.endsWith('.onnx')) continue;
      const file = await entry.createWritable();
      await file.write('<!doctype html>');
      await file.close();
    }
  }, kind);
}

for (const cache of ['cache-api', 'opfs'] as const) {
  test(`${cache}: kept once, used without a network, fetched anew when damaged`, { tag: EVERYWHERE }, async ({
    page,
    host,
  }) => {
    await page.goto(`${host.url}plain.html`);
    expect(await load(page, { cache })).toBe(BYTES.length);
    expect(await kept(page, cache)).toEqual([BYTES.length]);
    await page.route(`**${MODEL}`, (route) => route.abort('internetdisconnected'));
    expect(await load(page, { cache })).toBe(BYTES.length);
    await damage(page, cache);
    expect(await load(page, { cache })).toBe('LOAD_FAILED');
    await page.unroute(`**${MODEL}`);
    expect(await load(page, { cache })).toBe(BYTES.length);
    expect(await kept(page, cache)).toEqual([BYTES.length]);
  });

  test(`${cache}: with the stated hash nothing is asked of the server`, async ({ page, host }) => {
    await page.goto(`${host.url}plain.html`);
    expect(await load(page, { cache, integrity: INTEGRITY })).toBe(BYTES.length);
    const before = host.requests.filter((path) => path === MODEL).length;
    expect(await load(page, { cache, integrity: INTEGRITY })).toBe(BYTES.length);
    expect(host.requests.filter((path) => path === MODEL).length).toBe(before);
  });

  test(`${cache}: what is no model is not kept, and the server’s newer one wins`, async ({ page, host }) => {
    await page.goto(`${host.url}plain.html`);
    await page.route(`**${MODEL}`, (route) =>
      route.fulfill({ body: Buffer.alloc(3000, 7), headers: { etag: '"bad"' } }),
    );
    expect(await load(page, { cache })).toBe('INVALID_MODEL');
    expect(await kept(page, cache)).toEqual([]);
    await page.route(`**${MODEL}`, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>404' }));
    expect(await load(page, { cache })).toBe('LOAD_FAILED');
    expect(await kept(page, cache)).toEqual([]);
    const older = readFileSync('public/models/digits.onnx');
    await page.route(`**${MODEL}`, (route) => route.fulfill({ body: older, headers: { etag: '"older"' } }));
    expect(await load(page, { cache })).toBe(older.length);
    await page.unroute(`**${MODEL}`);
    expect(await load(page, { cache })).toBe(BYTES.length);
    // A page in the model's place, as a hotel's network serves it, does not take the kept one's.
    await page.route(`**${MODEL}`, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>Pay' }));
    expect(await load(page, { cache })).toBe(BYTES.length);
  });
}

test('another file than the stated one is refused', { tag: EVERYWHERE }, async ({ page, host }) => {
  await page.goto(`${host.url}plain.html`);
  expect(await load(page, { integrity: INTEGRITY })).toBe(BYTES.length);
  const other = `sha256-${createHash('sha256').update('another').digest('base64')}`;
  expect(await load(page, { integrity: other })).toBe('LOAD_FAILED');
  expect(await load(page, { integrity: `${other} ${INTEGRITY}` })).toBe(BYTES.length);
  expect(await load(page, { integrity: 'md5-abc' })).toBe('INVALID_ARGUMENT');
});
