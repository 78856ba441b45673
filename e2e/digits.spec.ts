import { address } from './ports.js';
import {
  firstAnswer,
  HANDWRITING,
  measured,
  watchForErrors,
  winner,
  withoutSamples,
  writeDigit,
} from './support/demo-page.js';
import { EVERYWHERE, expect, test } from './support/test.js';

test.beforeEach(({ context }) => withoutSamples(context));

test('a fresh page answers, times both networks and accounts for its bytes', { tag: EVERYWHERE }, async ({ page }) => {
  const errors = watchForErrors(page);
  await page.goto('image/');
  await firstAnswer(page);
  await expect(winner(page)).toHaveText('3');
  await expect(page.locator('.classes li')).toHaveCount(5);
  await measured(page);
  await expect(page.locator('#latency-lut')).toHaveText(/^[\d.]+ ms$/);
  await expect(page.locator('#latency-dense')).toHaveText(/^[\d.]+ ms$/);
  await expect(page.locator('.layer-strip')).toHaveCount(2);
  await expect(page.locator('#bytes-lut')).toHaveText(/^[\d.]+ [KM]B$/);
  await expect(page.locator('#bytes-dense')).toHaveText(/^[\d.]+ [KM]B$/);
  const engine = page.locator('#bytes-engine');
  await expect(engine).toHaveText(/^[\d.]+ KB gzip$/);
  // The core worker and one Wasm build: less than what a whole page may download (`npm run size`), and not nothing.
  const kilobytes = Number.parseFloat((await engine.textContent())!);
  expect(kilobytes).toBeGreaterThan(40);
  expect(kilobytes).toBeLessThan(64);
  await page.getByText('All layers as a table').click();
  const rows = page.locator('.table-frame').first().locator('tbody tr');
  expect(await rows.count()).toBe(await page.locator('.layer-strip').first().locator('rect').count());
  expect(errors).toEqual([]);
});

for (const digit of Object.keys(HANDWRITING)) {
  test(`reads a ${digit} while it is written`, async ({ page }) => {
    await page.goto('image/');
    await writeDigit(page, digit);
    await expect(winner(page)).toHaveText(digit);
    await expect(page.locator('#announcement')).toHaveText(new RegExp(`^${digit}, `));
  });
}

test('undo and clear take strokes and the answer back', { tag: EVERYWHERE }, async ({ page }) => {
  await page.goto('image/');
  await writeDigit(page, '4');
  await expect(winner(page)).toHaveText('4');
  await page.locator('#pad-undo').click();
  await expect(page.locator('#pad-undo')).toBeEnabled();
  await page.locator('#pad-undo').click();
  await expect(winner(page)).toBeHidden();
  await expect(page.locator('#pad-undo')).toBeDisabled();
  await expect(page.locator('#status')).toContainText('Write a digit');
});

test('the pad works with the keyboard alone', { tag: EVERYWHERE }, async ({ page }) => {
  await page.goto('image/');
  await expect(page.locator('#announcement')).not.toBeEmpty();
  await page.locator('#board').focus();
  await page.keyboard.press('Delete');
  await expect(winner(page)).toBeHidden();
  for (let i = 0; i < 9; i++) await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Space');
  for (let i = 0; i < 18; i++) await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Space');
  await expect(winner(page)).toHaveText('1');
  await page.keyboard.press('Backspace');
  await expect(winner(page)).toBeHidden();
});

test('the development server serves the same page', async ({ page }) => {
  const errors = watchForErrors(page);
  await page.goto(`${address('development')}image/`);
  await firstAnswer(page);
  await expect(winner(page)).toHaveText('3');
  expect(errors).toEqual([]);
});
