import { zipSync } from 'fflate';
import { WeightSource } from '../bench/networks/weights.js';
import { GraphBuilder } from '../src/graph/builder.js';
import { parseModel } from '../src/onnx/parse.js';
import { serializeModel } from '../src/onnx/serialize.js';
import { watchForErrors } from './support/demo-page.js';
import { savedFile } from './support/saved-file.js';
import { EVERYWHERE, expect, test } from './support/test.js';

const SIDE = 8;
const CLASSES = ['dots', 'stripes'];

/** Three convolutions and a classifier for 8 × 8 colour images, weights random. */
function tinyNetwork(): Buffer {
  const weights = new WeightSource(5);
  const builder = new GraphBuilder({ opset: 13 });
  let x = builder.input('image', ['N', 3, SIDE, SIDE]);
  for (const [name, inputs, outputs] of [
    ['stem', 3, 16],
    ['middle', 16, 32],
    ['last', 32, 32],
  ] as const) {
    const pads = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
    x = builder.node('Conv', [x, weights.he([outputs, inputs, 3, 3]), weights.small([outputs])], pads, { name });
    x = builder.node('Relu', [x]);
  }
  x = builder.node('Flatten', [builder.node('GlobalAveragePool', [x])]);
  builder.output(builder.node('Gemm', [x, weights.he([2, 32]), weights.small([2])], { transB: 1 }), ['N', 2]);
  return Buffer.from(serializeModel(builder.build()));
}

/** Images in one folder per class, no two alike. */
async function images(count: number): Promise<Buffer> {
  const { default: sharp } = await import('sharp');
  const files: Record<string, Uint8Array> = {};
  for (let i = 0; i < count; i++) {
    const kind = i % CLASSES.length;
    const value = (j: number) => (kind ? (j % SIDE) * 30 + i : (j * 37 + i * 101) >> 2);
    const pixels = Buffer.from(Array.from({ length: SIDE * SIDE * 3 }, (_, j) => value(j) & 255));
    const raw = { width: SIDE, height: SIDE, channels: 3 } as const;
    files[`set/${CLASSES[kind]}/${i}.png`] = await sharp(pixels, { raw }).png().toBuffer();
  }
  return Buffer.from(zipSync(files));
}

const onnx = (buffer: Buffer, name = 'tiny.onnx') => ({ name, mimeType: 'application/octet-stream', buffer });
const archive = async (count: number) => ({
  name: 'set.zip',
  mimeType: 'application/zip',
  buffer: await images(count),
});

test('converts a network in the page, compares and saves it', { tag: EVERYWHERE }, async ({ page }) => {
  const errors = watchForErrors(page);
  await page.goto('convert/');
  await expect(page.locator('#convert')).toBeDisabled();
  await page.locator('#network-file').setInputFiles(onnx(tinyNetwork()));
  await expect(page.locator('#network-facts')).toContainText('4 layers can become lookups');
  await page.locator('#example-files').setInputFiles(await archive(64));
  await expect(page.locator('#example-facts')).toContainText('64 images in 2 classes: dots, stripes');
  await page.getByLabel('Pixel values').selectOption('signed');
  await page.locator('#convert').click();
  await expect(page.locator('#result-panel')).toBeVisible({ timeout: 90_000 });
  await expect(page.locator('#agreement')).toContainText('%');
  await expect(page.locator('#accuracy')).toContainText('→');
  await expect(page.locator('#latency-lut')).toContainText('ms');
  await expect(page.getByRole('row', { name: /middle/ })).toContainText('centroids');
  await expect(page.getByRole('row', { name: /stem/ })).toContainText('dense');

  const saved = await savedFile(page, 'tiny.lut.onnx', () => page.locator('#save').click());
  const graph = parseModel(new Uint8Array(saved));
  expect(graph.nodes.filter(({ op }) => op === 'LookUp')).toHaveLength(2);
  expect(JSON.parse(graph.metadata['lutra.preprocess']!)).toMatchObject({ width: SIDE, mean: [0.5, 0.5, 0.5] });
  expect(JSON.parse(graph.metadata['lutra.labels']!)).toEqual(CLASSES);
  expect(errors).toEqual([]);
});

test('shows what speed costs, and converts to another point of the curve by keyboard', async ({ page }) => {
  const errors = watchForErrors(page);
  await page.setViewportSize({ width: 375, height: 800 });
  await page.goto('convert/');
  await page.locator('#network-file').setInputFiles(onnx(tinyNetwork()));
  await page.locator('#example-files').setInputFiles(await archive(64));
  await page.locator('[name=speedup]').selectOption('1.5');
  await page.locator('#convert').click();
  const picture = page.getByRole('img', { name: /Trade-off of \d+ networks.*Chosen/ });
  await expect(picture).toBeVisible({ timeout: 120_000 });
  await expect(page.locator('#planned-drop')).toContainText(/predicted .* measured .* ±/);
  await expect(page.locator('#result')).toContainText('calibration set is small');
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(375);
  const slider = page.getByLabel('Another network of this curve');
  await expect(page.locator('#convert-to-point')).toBeDisabled();
  await slider.focus();
  await page.keyboard.press('End');
  await expect(slider).toHaveAttribute('aria-valuetext', /times as fast/);
  const wanted = await slider.getAttribute('aria-valuetext');
  await page.locator('#convert-to-point').press('Enter');
  await expect(page.locator('#result-panel')).toBeHidden();
  await expect(picture).toBeVisible({ timeout: 120_000 });
  // The time, the speed and the size are those of the point; its predicted drop may have been corrected.
  const [time, speed] = wanted!.split(', ');
  await expect(slider).toHaveAttribute('aria-valuetext', new RegExp(`^${time}, ${speed}`));
  expect(errors).toEqual([]);
});

test('a layer that is unticked stays dense, and another geometry may be tried', { tag: EVERYWHERE }, async ({
  page,
}) => {
  await page.goto('convert/');
  await page.locator('#network-file').setInputFiles(onnx(tinyNetwork()));
  await page.locator('#example-files').setInputFiles(await archive(40));
  await page.getByLabel('Convert middle').uncheck();
  await page.getByLabel('Codebooks of convolutions').selectOption('patch');
  await page.locator('#convert').click();
  await expect(page.locator('#converted')).toHaveText('1 of 4');
  await expect(page.getByRole('row', { name: /middle/ })).toContainText('unticked');
  await expect(page.getByRole('row', { name: /last/ })).toContainText('patch of 1 channel');
  await page.getByLabel('Convert middle').check();
  await page.locator('#convert').click();
  await expect(page.locator('#converted')).toHaveText('2 of 4');
  await page.getByLabel('Aim').selectOption('speed');
  await page.locator('#convert').click();
  await expect(page.getByRole('row', { name: /stem/ })).toContainText(/integers.*KB → \d+ B/);
  // With room for it, codebooks of single values have the least error.
  await page.getByLabel('Codebooks of convolutions').selectOption('auto');
  await page.getByLabel('Aim').selectOption('accuracy');
  await page.getByLabel('Size of the file').selectOption('at most 0.5 MB');
  await page.locator('#convert').click();
  await expect(page.getByRole('row', { name: /last/ })).toContainText('pixel of 1 channel');
});

test('a conversion can be stopped and taken up again', async ({ page }) => {
  await page.goto('convert/');
  await page.locator('#ours').click();
  await expect(page.locator('#network-facts')).toContainText('cifar10.onnx');
  await page.locator('#example-files').setInputFiles(await archive(40));
  await expect(page.locator('#example-facts')).toContainText('not classes of the model');
  await page.locator('#network-file').setInputFiles(onnx(tinyNetwork()));
  await page.locator('#example-files').setInputFiles(await archive(200));
  await page.locator('#convert').click();
  await page.locator('#cancel').click();
  await expect(page.locator('#work')).toContainText('Stopped.');
  await page.locator('#convert').click();
  await expect(page.locator('#result-panel')).toBeVisible({ timeout: 90_000 });
});

for (const [what, file, words] of [
  ['noise', onnx(Buffer.from(Array.from({ length: 400 }, (_, i) => (i * 131 + 89) % 251))), 'INVALID_MODEL'],
  ['a network that was converted already', undefined, 'converted already'],
] as const) {
  test(`${what} is refused with a reason`, async ({ page }) => {
    await page.goto('convert/');
    const input = page.locator('#network-file');
    await input.setInputFiles(file ?? 'public/models/digits.lut.onnx');
    await expect(page.getByRole('alert')).toContainText(words);
    await expect(page.locator('#convert')).toBeDisabled();
    await input.setInputFiles(onnx(tinyNetwork()));
    await expect(page.getByRole('alert')).toBeHidden();
  });
}

test('examples that are none are refused, and the page goes on', async ({ page }) => {
  await page.goto('convert/');
  await page.locator('#network-file').setInputFiles(onnx(tinyNetwork()));
  const files = page.locator('#example-files');
  await files.setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('notes') });
  await expect(page.getByRole('alert')).toContainText('no image and no recording');
  await files.setInputFiles({
    name: 'set.zip',
    mimeType: 'application/zip',
    buffer: Buffer.from('PK\u0003\u0004 broken'),
  });
  await expect(page.getByRole('alert')).toContainText('not a readable zip');
  await files.setInputFiles({ name: 'one.png', mimeType: 'image/png', buffer: Buffer.from('not an image') });
  await page.locator('#convert').click();
  await expect(page.getByRole('alert')).toBeVisible();
});
