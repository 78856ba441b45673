import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { address } from './ports.js';
import { watchForErrors } from './support/demo-page.js';
import { EVERYWHERE, expect, test } from './support/test.js';

const PAGE = './benchmark/';
/** Two engines on the smallest network are enough to see the page work. */
async function chooseQuickRun(page: Page, site?: string): Promise<void> {
  await page.goto(site === undefined ? PAGE : new URL(PAGE, site).href);
  await expect(page.getByRole('checkbox', { name: /Handwritten digits/ })).toBeChecked();
  for (const box of await page.getByRole('group', { name: 'Networks' }).getByRole('checkbox').all())
    await box.uncheck();
  await page.getByRole('checkbox', { name: /Handwritten digits/ }).check();
  await page.getByRole('checkbox', { name: 'onnxruntime-web, int8' }).uncheck();
  await page.getByRole('combobox', { name: 'Samples' }).selectOption('10');
}

test('draws accuracy against time of the shipped models, with a table of the same numbers', async ({ page }) => {
  const errors = watchForErrors(page);
  await page.goto(PAGE);
  const panel = page.getByRole('region', { name: 'Accuracy against time' });
  await expect(panel.getByRole('heading', { name: 'CIFAR-10 images' })).toBeVisible();
  const picture = panel.getByRole('img', { name: /CIFAR-10 images: accuracy against time/ });
  const table = panel.getByRole('region', { name: 'CIFAR-10 images: accuracy, time and size as a table' });
  const rows = await table.getByRole('row').count();
  expect(rows).toBeGreaterThan(4);
  await expect(picture.locator('svg [aria-label="dot"] path, svg [aria-label="dot"] circle')).toHaveCount(rows - 1);
  await expect(table.getByRole('row', { name: /onnxruntime-web, int8: int8/ })).toContainText('1.00×');
  expect(errors).toEqual([]);
});

const results = (page: Page) => page.getByRole('region', { name: 'Results as a table' });

async function violations(page: Page): Promise<string[]> {
  const found = await new AxeBuilder({ page }).analyze();
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

test('measures, shows ratios with intervals, and exports what it shows', { tag: EVERYWHERE }, async ({
  page,
  browserName,
}) => {
  const errors = watchForErrors(page);
  await chooseQuickRun(page);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('status')).toHaveText('Done.', { timeout: 110_000 });
  await expect(results(page).getByRole('row')).toHaveCount(4);
  const row = results(page).getByRole('row', { name: /onnxruntime-web/ });
  await expect(row).toContainText(/\d+\.\d\d×/);
  await expect(row).toContainText(/\d+\.\d\d–\d+\.\d\d/);
  await expect(page.locator('.chart svg circle').first()).toBeAttached();
  await expect(page.getByRole('region', { name: 'Comparison as a table' })).toContainText(/Handwritten digits/);
  // Playwright sees no downloads in Firefox.
  if (browserName !== 'firefox') {
    const waiting = page.waitForEvent('download');
    await page.getByRole('button', { name: 'JSON' }).click();
    const { createReadStream } = await import('node:fs');
    const chunks: Buffer[] = [];
    for await (const chunk of createReadStream(await (await waiting).path())) chunks.push(chunk as Buffer);
    const file = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, Record<string, unknown>[]>;
    expect(file.results!.map(({ engine }) => engine)).toEqual(['lutra', 'lutra-dense', 'ort-f32']);
    expect(file.ratios!.map(({ versus }) => versus)).toEqual(['lutra-dense', 'ort-f32']);
    expect(file.verified!.map(({ engine }) => engine)).toEqual(['lutra', 'lutra-dense']);
    expect(file.failures).toEqual([]);
    expect(await violations(page)).toEqual([]);
  }
  expect(errors).toEqual([]);
});

test('can be cancelled, and run again', { tag: EVERYWHERE }, async ({ page }) => {
  await chooseQuickRun(page);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  const cancel = page.getByRole('button', { name: 'Cancel' });
  await expect(cancel).toBeFocused();
  await expect(page.getByRole('progressbar')).toBeVisible();
  await cancel.click();
  await expect(page.getByRole('status')).toHaveText(/^Cancelled/);
  await expect(page.getByRole('progressbar')).toBeHidden();
  await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeFocused();
});

test('asks for a choice when there is none', async ({ page }) => {
  await page.goto(PAGE);
  for (const box of await page.getByRole('group', { name: 'Engines' }).getByRole('checkbox').all()) await box.uncheck();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('status')).toHaveText(/Choose at least one/);
});

/** What another browser exported. */
function exported(browser: string, ratio: number, threads = 1): Buffer {
  const result = (engine: string, milliseconds: number) => ({
    ...{ network: 'net', engine, threads, build: 'simd', p50_ms: milliseconds, p90_ms: milliseconds, samples: 2 },
    ...{ runs_per_sample: 1, samples_ms: [milliseconds, milliseconds * 1.1], runtime_bytes: null, model_bytes: 1 },
    ...{ first_answer_ms: null, peak_memory_bytes: 1 },
  });
  const file = {
    environment: { browser, machine: 'a machine', cores: 2, cross_origin_isolated: true, date: '2026-11-21T00:00:00Z' },
    networks: [{ id: 'net', title: 'A network' }],
    results: [result('lutra', 1), result('ort-f32', ratio)],
    ratios: [{ network: 'net', versus: 'ort-f32', threads, ratio, low: ratio - 0.5, high: ratio + 0.5 }],
  };
  return Buffer.from(JSON.stringify(file));
}

/** Lutra against itself. */
function exportedVariants(): Buffer {
  const file = JSON.parse(exported('Browser Three', 2).toString()) as Record<string, Record<string, unknown>[]>;
  const [one] = file.results!;
  const variant = { ...one, threads: 2, build: 'simd' };
  const way = { threads: 2, build: 'simd', versus_threads: 1, versus_build: 'simd' };
  const ratios = [{ network: 'net', versus: 'lutra', ...way, ratio: 1.75, low: 1.7, high: 1.8 }];
  return Buffer.from(JSON.stringify({ ...file, results: [one, variant], ratios }));
}

test('sets loaded results side by side and refuses other files', { tag: EVERYWHERE }, async ({ page }) => {
  await page.goto(PAGE);
  const json = { mimeType: 'application/json' };
  await page.locator('#load-file').setInputFiles([
    { ...json, name: 'one.json', buffer: exported('Browser One', 4) },
    { ...json, name: 'two.json', buffer: exported('Browser Two', 6, 2) },
    { ...json, name: 'variants.json', buffer: exportedVariants() },
    { ...json, name: 'notes.json', buffer: Buffer.from('{"results": 1}') },
  ]);
  const table = page.getByRole('region', { name: 'Comparison as a table' });
  const row = table.getByRole('row', { name: /A network/ });
  await expect(row).toContainText('4.00×');
  await expect(row).toContainText('6.00×');
  await expect(table).toContainText('Browser One');
  await expect(table).not.toContainText('Browser Three');
  await expect(page.getByRole('alert')).toContainText('notes.json');
  await expect(page.getByRole('region', { name: 'Variants as a table' })).toContainText(/2 threads against 1\s*1\.75×/);
  await expect(page.locator('.chart svg')).toContainText('Lutra, lookup × 2');
  await page.getByRole('combobox', { name: 'Measured on' }).selectOption({ index: 0 });
  await expect(results(page)).toContainText('4.00×');
  await expect(results(page)).toContainText('onnxruntime-web');
});

test('shows what ships with the site, by browser, machine and date', { tag: EVERYWHERE }, async ({ page }) => {
  const files: Record<string, Buffer> = {
    'index.json': Buffer.from('["one-1.json", "two-1.json"]'),
    'one-1.json': exported('Browser One 1.2.3', 4),
    'two-1.json': exported('Browser Two 5', 6),
  };
  await page.route('**/results/*.json', (route) =>
    route.fulfill({ contentType: 'application/json', body: files[route.request().url().split('/').at(-1)!]! }),
  );
  await page.goto(PAGE);
  const source = page.getByRole('combobox', { name: 'Measured on' });
  await expect(source.locator('option')).toHaveText([
    'Browser One 1.2 · a machine · 21 Nov 2026 (recorded)',
    'Browser Two 5 · a machine · 21 Nov 2026 (recorded)',
  ]);
  await expect(results(page)).toContainText('4.00×');
  await expect(page.locator('.chart svg circle')).toHaveCount(4);
  await source.selectOption({ index: 1 });
  await expect(results(page)).toContainText('6.00×');
  await expect(results(page)).toContainText('5.50–6.50');
  const row = page.getByRole('region', { name: 'Comparison as a table' }).getByRole('row', { name: /A network/ });
  await expect(row).toContainText(/4\.00×.*6\.00×/s);
});

test('measures with one thread where memory cannot be shared', async ({ page }) => {
  const errors = watchForErrors(page);
  await chooseQuickRun(page, address('plain'));
  await expect(page.getByRole('combobox', { name: 'Threads' })).toBeDisabled();
  await expect(page.locator('#controls')).toContainText('More threads need a cross-origin isolated page.');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('status')).toHaveText('Done.', { timeout: 110_000 });
  await expect(page.getByRole('combobox', { name: 'Measured on' }).locator('option').first()).toContainText(
    'not isolated',
  );
  expect(errors).toEqual([]);
});

for (const width of [375, 1280]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test.describe(`benchmark, ${width} px, ${colorScheme}`, () => {
      test.use({ viewport: { width, height: 900 }, colorScheme });

      test('fits, passes axe, and has its picture taken', async ({ page, browserName }) => {
        await page.goto(PAGE);
        await page
          .locator('#load-file')
          .setInputFiles([{ name: 'one.json', mimeType: 'application/json', buffer: exported('Browser One', 4) }]);
        await expect(page.locator('.chart svg')).toBeVisible();
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overflow).toBeLessThanOrEqual(0);
        expect(await violations(page)).toEqual([]);
        const path = `test-results/screens/${browserName}-benchmark-${width}-${colorScheme}.png`;
        await page.screenshot({ path, fullPage: true });
      });
    });
  }
}
