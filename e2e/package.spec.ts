import { cpSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Page } from '@playwright/test';
import react from '@vitejs/plugin-react';
import { build, createServer, type InlineConfig } from 'vite';
import webpack from 'webpack';
import { createConsumer, packLibrary, readFacts } from './support/consumer.js';
import { watchForErrors } from './support/demo-page.js';
import { startHost } from './support/host.js';
import { expect, test } from './support/test.js';

let tarball: string;
const installed = new Map<string, Promise<string>>();

/** The project of that kind, made when first wanted. */
function install(kind: string, tools: readonly string[] = []): Promise<string> {
  const project = installed.get(kind) ?? createConsumer(kind, tarball, tools);
  installed.set(kind, project);
  return project;
}

test.beforeAll(() => {
  tarball = packLibrary();
});
test.afterAll(async () => {
  for (const folder of [...(await Promise.all(installed.values())), dirname(tarball)])
    rmSync(folder, { recursive: true, force: true });
});

/** Both the element and the session answer, and the page complains about nothing. */
async function answers(page: Page, url: string, api = '1×10'): Promise<void> {
  const errors = watchForErrors(page);
  await page.goto(url);
  await expect(page.locator('lutra-classifier [part=label]').first()).toHaveText('3');
  await expect(page.locator('#api')).toHaveText(api);
  expect(errors).toEqual([]);
}

/** Serves a built folder with the project's images and models in it. */
async function answersBuilt(page: Page, folder: string, built: string, api?: string): Promise<void> {
  cpSync(join(folder, 'public'), built, { recursive: true });
  const host = await startHost({ '/': built });
  await answers(page, host.url, api).finally(() => host.close());
}

test('installs without scripts, and its native dependencies are optional', async () => {
  const folder = await install('plain');
  const { scripts = {}, dependencies } = readFacts(folder);
  for (const name of ['preinstall', 'install', 'postinstall']) expect(scripts).not.toHaveProperty(name);
  for (const name of ['sharp', 'onnxruntime-node', 'onnxruntime-web']) expect(dependencies).not.toHaveProperty(name);
});

test('a page without a build', async ({ page }) => {
  const folder = await install('plain');
  await answersBuilt(page, folder, folder);
});

for (const [kind, plugins, api] of [
  ['vite', [], '1×10'],
  ['react', [react()], '3'],
] as const) {
  const tools = kind === 'react' ? ['react', 'react-dom'] : [];
  const config = (folder: string): InlineConfig => ({
    root: folder,
    configFile: false,
    logLevel: 'warn',
    plugins: [...plugins],
  });

  test(`a ${kind} project in development`, async ({ page }) => {
    const folder = await install(kind, tools);
    const server = await createServer({ ...config(folder), server: { host: '127.0.0.1', port: 0, watch: null } });
    await server.listen();
    await answers(page, server.resolvedUrls!.local[0]!, api).finally(() => server.close());
  });

  test(`a ${kind} project in production`, async ({ page }) => {
    const folder = await install(kind, tools);
    await build(config(folder));
    await answersBuilt(page, folder, join(folder, 'dist'), api);
  });
}

for (const mode of ['development', 'production'] as const) {
  test(`a webpack project in ${mode}`, async ({ page }) => {
    // Its minifier is slow.
    test.slow();
    const folder = await install('webpack');
    const built = join(folder, mode);
    const stats = await new Promise<webpack.Stats>((resolve, reject) => {
      const compiler = webpack({
        mode,
        context: folder,
        entry: './main.js',
        output: { path: built, filename: 'bundle.js' },
        performance: { hints: false },
      });
      compiler!.run((error, result) => {
        compiler!.close(() => (error || !result ? reject(error) : resolve(result)));
      });
    });
    expect(stats.toJson({ all: false, errors: true, warnings: true })).toMatchObject({ errors: [], warnings: [] });
    cpSync(join(folder, 'index.html'), join(built, 'index.html'));
    await answersBuilt(page, folder, built);
  });
}

test('the class can be imported where there are no elements', async () => {
  const folder = await install('plain');
  const from = createRequire(join(folder, 'package.json'));
  const { LutraClassifierElement } = await import(from.resolve('lutra/element'));
  expect(typeof LutraClassifierElement).toBe('function');
  await import(from.resolve('lutra/element/define'));
});
