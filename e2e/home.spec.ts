import { gzipSync } from 'node:zlib';
import { AxeBuilder } from '@axe-core/playwright';
import { address } from './ports.js';
import { watchForErrors } from './support/demo-page.js';
import { EVERYWHERE, expect, test } from './support/test.js';

/** Bytes of our own code, gzip: document, scripts, styles and workers until the page has answered. */
const BUDGET = 150_000;

for (const server of ['isolated', 'plain'] as const) {
  test(`the front page answers at once on a ${server} host`, { tag: EVERYWHERE }, async ({ page }) => {
    const errors = watchForErrors(page);
    await page.goto(address(server));
    const classifier = page.locator('lutra-classifier');
    await expect(classifier.locator('[part=label]').first()).toHaveText('3');
    await expect(classifier).toBeInViewport();
    await expect(page.locator('#account')).toContainText(/Read in [\d.]+ ms by a network of \d+ KB/);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(server === 'isolated');
    expect(errors).toEqual([]);
  });
}

test('it costs less than its budget and moves nothing once it is shown', async ({ page, context }) => {
  const sizes: Promise<readonly [string, number]>[] = [];
  context.on('response', (response) => {
    const path = new URL(response.url()).pathname;
    if (!/(\/|\.html|\.js|\.css)$/.test(path)) return;
    sizes.push(response.body().then((body) => [path, gzipSync(body, { level: 9 }).length] as const));
  });
  await page.addInitScript(() => {
    const shifts: number[] = [];
    Object.assign(globalThis, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) shifts.push(Reflect.get(entry, 'value') as number);
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await page.goto('./');
  await expect(page.locator('lutra-classifier [part=label]').first()).toHaveText('3');
  await expect(page.locator('#account')).toContainText('Read in');
  const files = await Promise.all(sizes);
  expect(files.some(([path]) => /worker/.test(path))).toBe(true);
  expect(files.reduce((sum, [, bytes]) => sum + bytes, 0)).toBeLessThan(BUDGET);
  expect(await page.evaluate(() => Reflect.get(globalThis, 'shifts'))).toEqual([]);
});

test('every door leads somewhere', { tag: EVERYWHERE }, async ({ page, request }) => {
  await page.goto('./');
  const links = await page.locator('a[href]').evaluateAll((all) => all.map((link) => (link as HTMLAnchorElement).href));
  // The documentation is made by a command of its own.
  const own = [...new Set(links)].filter((link) => !new URL(link).pathname.startsWith('/docs/'));
  expect(own.length).toBeGreaterThan(4);
  for (const link of own) expect([link, (await request.get(link)).status()]).toEqual([link, 200]);
});

test('the development server has the documentation that the front page leads to', async ({ page, request }) => {
  await page.goto(address('development'));
  const links = await page
    .locator('a[href*="/docs/"]')
    .evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).href));
  expect(links.length).toBeGreaterThan(1);
  for (const link of links) {
    // Made on the way where `npm run docs` has not been run.
    const response = await request.get(link, { timeout: 100_000 });
    expect([link, response.status()]).toEqual([link, 200]);
    expect(await response.text()).toContain('Lutra');
  }
});

for (const width of [375, 1280]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`the front page fits and passes axe at ${width} px, ${colorScheme}`, { tag: EVERYWHERE }, async ({
      page,
      browserName,
    }) => {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.goto('./');
      await expect(page.locator('lutra-classifier [part=label]').first()).toHaveText('3');
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
      const path = `test-results/screens/${browserName}-home-${width}-${colorScheme}.png`;
      await page.screenshot({ path, fullPage: true });
    });
  }
}
