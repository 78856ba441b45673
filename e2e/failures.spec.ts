import { firstAnswer, winner, withoutSamples } from './support/demo-page.js';
import { EVERYWHERE, expect, test } from './support/test.js';

const LUT = '**/models/*.lut.onnx';

test.beforeEach(({ context }) => withoutSamples(context));

test('a load can be cancelled and taken up again', { tag: EVERYWHERE }, async ({ page }) => {
  let hold = true;
  await page.route(LUT, async (route) => {
    // Held until the page has gone on without it.
    if (hold) await new Promise((resolve) => setTimeout(resolve, 3_000));
    await route.continue().catch(() => undefined);
  });
  await page.goto('image/');
  await expect(page.getByRole('progressbar')).toBeVisible();
  await page.locator('#cancel').click();
  await expect(page.locator('#status')).toContainText('Loading was stopped.');
  hold = false;
  await page.getByRole('button', { name: 'Load it' }).click();
  await firstAnswer(page);
});

for (const [what, fulfil, code, words] of [
  ['cut short', { body: Buffer.from([8, 8, 58, 200, 1, 10]) }, 'INVALID_MODEL', ''],
  [
    'made of noise',
    { body: Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * 131 + 89) % 251)) },
    'INVALID_MODEL',
    '',
  ],
  ['a web page', { contentType: 'text/html', body: '<!doctype html><title>Hello</title>' }, 'LOAD_FAILED', 'web page'],
  ['missing', { status: 404, body: '' }, 'LOAD_FAILED', '404'],
] as const) {
  test(`a model that is ${what} is named as such, and can be tried again`, async ({ page }) => {
    await page.route(LUT, (route) => route.fulfill(fulfil));
    await page.goto('image/');
    const alert = page.getByRole('alert');
    await expect(alert).toContainText(code);
    await expect(alert).toContainText(words);
    await expect(winner(page)).toBeHidden();
    await page.unroute(LUT);
    await page.getByRole('button', { name: 'Try again' }).click();
    await firstAnswer(page);
  });
}

test('a network that broke off is said to have failed to load', async ({ page }) => {
  await page.route(LUT, (route) => route.abort('connectionreset'));
  await page.goto('image/');
  await expect(page.getByRole('alert')).toContainText('LOAD_FAILED');
});

test('a broken dense original costs the comparison, not the answer', { tag: EVERYWHERE }, async ({ page }) => {
  await page.route(/models\/(?!.*lut)[^/]*\.onnx$/, (route) => route.fulfill({ status: 500, body: '' }));
  await page.goto('image/');
  await expect(winner(page)).toHaveText('3');
  await expect(page.locator('#latency')).toContainText('No comparison');
});

test('a site without its list of models says so', async ({ page }) => {
  await page.route('**/models/models.json', (route) => route.fulfill({ status: 404, body: '' }));
  await page.goto('image/');
  await expect(page.getByRole('alert')).toContainText('HTTP 404');
  await page.unroute('**/models/models.json');
  await page.getByRole('button', { name: 'Try again' }).click();
  await firstAnswer(page);
});
