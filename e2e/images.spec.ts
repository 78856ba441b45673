import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Page } from '@playwright/test';
import { readTar } from '../src/data/tar.js';
import { firstAnswer, photographDigit, winner, withoutSamples } from './support/demo-page.js';
import { EVERYWHERE, expect, test } from './support/test.js';

const CIFAR = '../shared/data/cifar10/test_a.tar.gz';
const CLASSES = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
const CAMERA_PAGE = 'image/#model=cifar10&source=camera';

/** Hands a file to the page as a drop or a paste would. */
async function hand(page: Page, how: 'drop' | 'paste', bytes: Buffer): Promise<void> {
  await page.evaluate(
    ({ how: kind, base64 }) => {
      const data = new DataTransfer();
      const content = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      data.items.add(new File([content], 'digit.png', { type: 'image/png' }));
      if (kind === 'paste') {
        const event = new ClipboardEvent('paste', { bubbles: true, cancelable: true });
        // Firefox gives an event made by a script an empty clipboard, whatever it was told.
        Object.defineProperty(event, 'clipboardData', { value: data });
        document.dispatchEvent(event);
        return;
      }
      for (const type of ['dragenter', 'dragover', 'drop']) {
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
      }
    },
    { how, base64: bytes.toString('base64') },
  );
}

for (const how of ['drop', 'paste'] as const) {
  test(`reads a photographed digit on ${how}`, { tag: EVERYWHERE }, async ({ page, context }) => {
    await withoutSamples(context);
    await page.goto('image/');
    await expect(page.locator('#announcement')).not.toBeEmpty();
    await hand(page, how, await photographDigit('7'));
    await expect(winner(page)).toHaveText('7');
    await expect(page.getByRole('tab', { name: 'Images' })).toHaveAttribute('aria-selected', 'true');
    await expect(page.getByRole('img', { name: 'digit.png' })).toBeVisible();
    expect(new URL(page.url()).hash).toContain('source=images');
  });
}

test('reads a chosen file, also the same one twice', { tag: EVERYWHERE }, async ({ page, context }) => {
  await withoutSamples(context);
  await page.goto('image/#model=digits&source=images');
  await firstAnswer(page);
  for (const digit of ['2', '5', '2']) {
    const file = { name: `${digit}.png`, mimeType: 'image/png', buffer: await photographDigit(digit) };
    await page.locator('#file').setInputFiles(file);
    await expect(winner(page)).toHaveText(digit);
  }
});

test('shows handwriting of its own where the site carries no samples of it', async ({ page, context }) => {
  await withoutSamples(context);
  await page.goto('image/#model=digits&source=images');
  for (const digit of ['3', '7', '2', '5', '4', '8']) {
    await page.locator('.gallery').getByRole('button', { name: digit }).click();
    await expect(winner(page)).toHaveText(digit);
  }
});

test('says so when a file is no image, or a blank one', { tag: EVERYWHERE }, async ({ page, context }) => {
  await withoutSamples(context);
  await page.goto('image/#model=digits&source=images');
  await firstAnswer(page);
  const broken = { name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('not an image') };
  await page.locator('#file').setInputFiles(broken);
  await expect(page.getByRole('alert')).toContainText('notes.png is not an image');
  const { default: sharp } = await import('sharp');
  const blank = await sharp({ create: { width: 90, height: 60, channels: 3, background: '#fff' } })
    .png()
    .toBuffer();
  await page.locator('#file').setInputFiles({ name: 'blank.png', mimeType: 'image/png', buffer: blank });
  await expect(page.locator('#status')).toContainText('No writing found');
});

test('answers on the sample gallery', async ({ page, context }) => {
  test.skip(!existsSync(CIFAR), 'needs ../shared/data/cifar10');
  const wanted = new Map(CLASSES.map((label) => [`${label}.jpg`, label]));
  const files = readTar(gunzipSync(readFileSync(CIFAR)), CIFAR);
  const images = new Map(
    [...wanted].map(([file, label]) => [file, files.find(({ path }) => path.includes(`/${label}/`))!.data]),
  );
  await context.route('**/samples/*', async (route) => {
    const file = new URL(route.request().url()).pathname.split('/').at(-1)!;
    const samples = [...wanted].map(([name, label]) => ({ file: name, label }));
    if (file === 'manifest.json') await route.fulfill({ json: { samples } });
    else await route.fulfill({ contentType: 'image/jpeg', body: Buffer.from(images.get(file)!) });
  });
  await page.goto('image/#model=cifar10');
  await firstAnswer(page);
  await expect(page.locator('.gallery button')).toHaveCount(wanted.size);
  let right = 0;
  for (const label of wanted.values()) {
    await page.locator('.gallery').getByRole('button', { name: label }).click();
    await expect(page.getByRole('img', { name: `sample: ${label}` })).toBeVisible();
    await expect(page.locator(`.gallery button[title="${label}"]`)).toHaveAttribute('aria-pressed', 'true');
    await page.waitForFunction((name) => document.querySelector('.shown')?.getAttribute('alt')?.endsWith(name), label);
    const answer = winner(page).filter({ hasText: label });
    right += await answer.waitFor({ timeout: 2_000 }).then(
      () => 1,
      () => 0,
    );
  }
  // The network errs on one image in six or so; the page must not.
  expect(right).toBeGreaterThanOrEqual(6);
});

test('films with the camera and stops', { tag: EVERYWHERE }, async ({ page, context, browserName }) => {
  await withoutSamples(context);
  if (browserName === 'chromium') await context.grantPermissions(['camera']);
  await page.goto(CAMERA_PAGE);
  await expect(page.locator('#status')).toContainText('Start the camera');
  await page.locator('#camera-toggle').click();
  await firstAnswer(page);
  await expect(page.locator('#camera-toggle')).toHaveText('Stop the camera');
  await page.locator('#camera-toggle').click();
  await expect(page.locator('video')).toBeHidden();
  await page.getByRole('tab', { name: 'Images' }).click();
  await expect(page.locator('video')).toBeHidden();
});

test('explains a refused camera', async ({ page, context }) => {
  await withoutSamples(context);
  await page.goto(CAMERA_PAGE);
  await page.locator('#camera-toggle').click();
  await expect(page.getByRole('alert')).toContainText('not allowed to use the camera');
  await expect(page.locator('#camera-toggle')).toBeEnabled();
});
