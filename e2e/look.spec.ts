import { AxeBuilder } from '@axe-core/playwright';
import { firstAnswer, measured, withoutSamples } from './support/demo-page.js';
import { expect, test } from './support/test.js';

for (const width of [375, 1280, 1600]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test.describe(`${width} px, ${colorScheme}`, () => {
      test.use({ viewport: { width, height: 900 }, colorScheme });

      test('fits, passes axe, and has its picture taken', async ({ page, context, browserName }) => {
        await withoutSamples(context);
        await page.goto('image/#model=digits');
        await measured(page);
        await page.getByText('All layers as a table').click();
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overflow).toBeLessThanOrEqual(0);
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
        await page.getByText('All layers as a table').click();
        const path = `test-results/screens/${browserName}-digits-${width}-${colorScheme}.png`;
        await page.screenshot({ path, fullPage: true });
      });
    });
  }
}

test('passes axe on the images, the camera, and an error', async ({ page, context }) => {
  await withoutSamples(context);
  await page.goto('image/#model=cifar10');
  await expect(page.locator('#status')).toContainText('Choose, drop or paste');
  const check = async () => {
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
  };
  await check();
  await page.getByRole('tab', { name: 'Camera' }).click();
  await check();
  await page.getByRole('tab', { name: 'Images' }).click();
  const broken = { name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('not an image') };
  await page.locator('#file').setInputFiles(broken);
  await expect(page.getByRole('alert')).toBeVisible();
  await check();
});

test('moves nothing when reduced motion is asked for', async ({ page, context }) => {
  await withoutSamples(context);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto('image/');
  const moving = await page.evaluate(() =>
    [...document.querySelectorAll('*')].filter(
      (element) => !/^(0s(, )?)+$/.test(getComputedStyle(element).transitionDuration),
    ),
  );
  expect(moving).toEqual([]);
  // The example appears whole instead of being written.
  await firstAnswer(page);
  await expect(page.locator('#winner')).toHaveText('3');
});

test('can be used from the keyboard in a sensible order', async ({ page, context }) => {
  await withoutSamples(context);
  await page.goto('image/');
  await measured(page);
  await page.locator('body').press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
  const visited: string[] = [];
  for (let i = 0; i < 14; i++) {
    await page.keyboard.press('Tab');
    visited.push(
      await page.evaluate(() => document.activeElement?.id || document.activeElement?.getAttribute('name') || ''),
    );
  }
  const order = [
    'theme',
    'model',
    'engine',
    'threads',
    'wasm',
    'tab-draw',
    'board',
    'pad-undo',
    'pad-example',
    'measure',
  ];
  expect(visited.filter((id) => order.includes(id))).toEqual(order);
});
