import type { Page } from '@playwright/test';
import { address } from './ports.js';
import { firstAnswer, measured, watchForErrors, winner, withoutSamples, writeDigit } from './support/demo-page.js';
import { EVERYWHERE, expect, test } from './support/test.js';

test.beforeEach(({ context }) => withoutSamples(context));

const how = (page: Page) => page.locator('#how');

test('switches between lookup and dense, keeping the drawing', async ({ page }) => {
  await page.goto('image/');
  await writeDigit(page, '5');
  await expect(winner(page)).toHaveText('5');
  await expect(how(page)).toContainText('by lookup');
  await page.getByText('Dense original', { exact: true }).first().click();
  await expect(how(page)).toContainText('by the dense original');
  await expect(winner(page)).toHaveText('5');
  expect(new URL(page.url()).hash).toContain('engine=dense');
});

test('switches the network and the inputs it offers', async ({ page }) => {
  await page.goto('image/');
  await firstAnswer(page);
  await page.getByRole('radio', { name: /CIFAR/ }).check({ force: true });
  await expect(page.getByRole('tab', { name: 'Draw' })).toBeHidden();
  await expect(page.locator('.images .help')).toContainText('airplane');
  await expect(winner(page)).toBeHidden();
  await page.getByRole('radio', { name: /digits/i }).check({ force: true });
  await expect(page.getByRole('tab', { name: 'Draw' })).toHaveAttribute('aria-selected', 'true');
  await expect(winner(page)).toHaveText('3');
});

test('runs with the threads and the instructions that were chosen', { tag: EVERYWHERE }, async ({ page }) => {
  const errors = watchForErrors(page);
  await page.goto('image/');
  await firstAnswer(page);
  for (const [threads, text] of [
    ['2', '2 threads'],
    ['1', '1 thread'],
  ] as const) {
    await page.getByLabel('Threads').selectOption(threads);
    await expect(how(page)).toContainText(text);
    await expect(winner(page)).toHaveText('3');
  }
  for (const [variant, text] of [
    ['simd', ', SIMD'],
    ['relaxed', ', relaxed SIMD'],
  ] as const) {
    await page.getByLabel('Instructions').selectOption(variant);
    await expect(how(page)).toContainText(text);
    await expect(winner(page)).toHaveText('3');
  }
  await measured(page);
  expect(errors).toEqual([]);
});

test('an address brings everything back, and follows the browser’s history', async ({ page }) => {
  await page.goto('image/#model=digits&engine=dense&threads=1&wasm=simd');
  await firstAnswer(page);
  await expect(how(page)).toHaveText('Computed by the dense original in a worker, 1 thread, SIMD.');
  await expect(page.getByLabel('Threads')).toHaveValue('1');
  await expect(page.getByLabel('Instructions')).toHaveValue('simd');
  await page.evaluate(() => {
    location.hash = '#model=digits&threads=2';
  });
  await expect(how(page)).toHaveText(/^Computed by lookup in a worker, 2 threads, /);
});

test('nonsense in the address is ignored', async ({ page }) => {
  await page.goto('image/#model=nothing&threads=-3&wasm=avx&source=moon&engine=');
  await expect(winner(page)).toHaveText('3');
  expect(new URL(page.url()).hash).toBe('#model=digits&source=draw');
});

test('works on one thread where memory cannot be shared', { tag: EVERYWHERE }, async ({ page }) => {
  const errors = watchForErrors(page);
  await page.goto(`${address('plain')}image/#model=digits&threads=4`);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  await writeDigit(page, '7');
  await expect(winner(page)).toHaveText('7');
  await expect(how(page)).toContainText('1 thread,');
  await expect(page.getByLabel('Threads')).toBeDisabled();
  await measured(page);
  expect(errors).toEqual([]);
});

test('is served isolated and under a strict Content Security Policy, and obeys it', { tag: EVERYWHERE }, async ({
  page,
}) => {
  const errors = watchForErrors(page);
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => console.error(`CSP: ${event.violatedDirective}`));
  });
  const response = await page.goto('image/');
  const policy = response!.headers()['content-security-policy']!;
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval'");
  expect(policy).toContain("worker-src 'self'");
  expect(policy).not.toContain("'unsafe-inline'");
  expect(policy).not.toContain("'unsafe-eval'");
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await measured(page);
  expect(errors).toEqual([]);
});

test('the theme follows the system until it is chosen, and the choice stays', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto('image/');
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await background();
  await page.getByRole('button', { name: 'Light theme' }).click();
  const light = await background();
  expect(light).not.toBe(dark);
  // Before the page's own script runs, so that nothing flashes.
  await page.route('**/assets/*.js', (route) => route.abort());
  await page.reload({ waitUntil: 'domcontentloaded' });
  expect(await background()).toBe(light);
  await page.unroute('**/assets/*.js');
  await page.reload();
  await expect(page.getByRole('button', { name: 'Dark theme' })).toBeVisible();
  expect(await background()).toBe(light);
  await page.getByRole('button', { name: 'Dark theme' }).click();
  expect(await background()).toBe(dark);
});
