import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type ViteDevServer } from 'vite';
import { watchForErrors } from './support/demo-page.js';
import { expect, test } from './support/test.js';

const FOLDERS = readdirSync('examples', { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() && /^\d\d-/.test(entry.name) ? [entry.name] : [],
);
let server: ViteDevServer;
let base: string;

test.beforeAll(async () => {
  server = await createServer({
    configFile: 'examples/vite.config.ts',
    logLevel: 'warn',
    cacheDir: `${process.cwd()}/node_modules/.vite-e2e/examples`,
    server: { host: '127.0.0.1', port: 0, watch: null },
  });
  await server.listen();
  base = server.resolvedUrls!.local[0]!;
});
test.afterAll(() => server.close());

/** Lines that an example prints. */
function runInNode(folder: string): string {
  return execFileSync(process.execPath, [`examples/${folder}/main.mjs`], { encoding: 'utf8', stdio: 'pipe' });
}

test('they are numbered, and each says in two lines what it is', () => {
  expect(FOLDERS.map((name) => Number(name.slice(0, 2)))).toEqual(FOLDERS.map((_, i) => i + 1));
  for (const folder of FOLDERS) {
    const lines = readFileSync(`examples/${folder}/README.md`, 'utf8').trim().split('\n');
    expect([folder, lines.length, lines[0]!.startsWith('# ')]).toEqual([folder, 2, true]);
  }
});

test('01 classifies an image', async ({ page }) => {
  const errors = watchForErrors(page);
  await page.goto(`${base}01-classify-an-image/`);
  await expect(page.locator('lutra-classifier [part=label]').first()).toHaveText('3');
  expect(errors).toEqual([]);
});

test('02 runs a model', async ({ page }) => {
  const errors = watchForErrors(page);
  await page.goto(`${base}02-run-a-model/`);
  await expect(page.locator('#answer')).toHaveText('It is a 1, computed on 1 thread(s).');
  expect(errors).toEqual([]);
});

test('03 runs in Node', () => {
  expect(runInNode('03-run-in-node')).toMatch(/^It is a 1\.\nThe slowest of \d+ steps is /);
});

test('04 converts a network', () => {
  expect(runInNode('04-convert-a-network')).toMatch(/ is looked up now, relative error 0\.\d+\.\nSaved as /);
});

test('05 keeps a model offline', async ({ page }) => {
  await page.goto(`${base}05-keep-a-model-offline/`);
  const load = page.getByRole('button', { name: 'Load the network' });
  await load.click();
  await expect(page.locator('#answer')).toHaveText(/^Loaded \d+ bytes; 1 model is kept\.$/);
  await page.locator('#answer').evaluate((node) => node.replaceChildren());
  // The script of the worker still comes from the server; the model does not.
  await page.route('**/models/**', (route) => route.abort('internetdisconnected'));
  await load.click();
  await expect(page.locator('#answer')).toHaveText(/1 model is kept/);
});

test('06 trains', () => {
  expect(runInNode('06-train-your-own')).toMatch(/^Right on \d+ of \d+ validation images after 2 steps/);
});
