import type { Locator, Page } from '@playwright/test';
import type { LutraClassifierElement } from '../src/element/index.js';
import { watchForErrors } from './support/demo-page.js';
import { injectMicrophone } from './support/firefox.js';
import { test } from './support/plain-page.js';
import { withChromium } from './support/speech-page.js';
import { EVERYWHERE, expect, FIREFOX } from './support/test.js';
import { toneRecording, withToneNetwork } from './support/tone-network.js';

const element = (page: Page): Locator => page.locator('lutra-classifier');
const best = (page: Page): Locator => element(page).locator('[part=label]').first();

async function listenFor(page: Page, url: string): Promise<void> {
  await page.goto(`${url}plain.html`);
  await element(page).evaluate((node) => {
    const classifier = node as LutraClassifierElement;
    classifier.task = 'audio';
    classifier.src = '/models/tones.onnx';
  });
}

test('a recording is recognized, of any rate and in any form', { tag: EVERYWHERE }, async ({ page, context, host }) => {
  const errors = watchForErrors(page);
  await withToneNetwork(context);
  await listenFor(page, host.url);
  await expect(element(page).getByText('Choose a recording')).toBeVisible();
  const file = { name: 'tone.wav', mimeType: 'audio/wav', buffer: toneRecording(['high'], 22_050) };
  await element(page).locator('input[type=file]').setInputFiles(file);
  await expect(best(page)).toHaveText('high');
  const label = await element(page).evaluate(async (node) => {
    const samples = Float32Array.from({ length: 44_100 }, (_, n) => 0.3 * Math.sin((2 * Math.PI * 300 * n) / 44_100));
    const result = await (node as LutraClassifierElement).classify({ samples, sampleRate: 44_100 });
    return result.classes[0]!.label;
  });
  expect(label).toBe('low');
  await expect(best(page)).toHaveText('low');
  expect(errors).toEqual([]);
});

test('says so when a file is no recording', { tag: EVERYWHERE }, async ({ page, context, host }) => {
  await withToneNetwork(context);
  await listenFor(page, host.url);
  const broken = { name: 'notes.wav', mimeType: 'audio/wav', buffer: Buffer.from('not a recording') };
  await element(page).locator('input[type=file]').setInputFiles(broken);
  await expect(element(page).getByRole('alert')).toContainText('notes.wav is not a recording');
});

test('the microphone is heard live, and given back', async ({ playwright, launchOptions, host }) => {
  const microphone = toneRecording(['high', 'high'], 48_000);
  await withChromium({ playwright, launchOptions }, { microphone, allowed: true }, async (page, context) => {
    const errors = watchForErrors(page);
    await withToneNetwork(context);
    await listenFor(page, host.url);
    await element(page).getByRole('button', { name: 'Use the microphone' }).click();
    await expect(best(page)).toHaveText('high', { timeout: 60_000 });
    await element(page).getByRole('button', { name: 'Stop the microphone' }).click();
    await expect(element(page).getByRole('button', { name: 'Use the microphone' })).toBeVisible();
    expect(errors).toEqual([]);
  });
});

test('the microphone is heard live in Firefox, and given back', { tag: FIREFOX }, async ({ page, context, host }) => {
  await withToneNetwork(context);
  await injectMicrophone(page, toneRecording(['high', 'high'], 48_000));
  await listenFor(page, host.url);
  await element(page).getByRole('button', { name: 'Use the microphone' }).click();
  await expect(best(page)).toHaveText('high', { timeout: 60_000 });
  await element(page).getByRole('button', { name: 'Stop the microphone' }).click();
  await expect(element(page).getByRole('button', { name: 'Use the microphone' })).toBeVisible();
});

test('a refused microphone is explained', async ({ playwright, launchOptions, host }) => {
  const setting = { microphone: toneRecording([]), allowed: false };
  await withChromium({ playwright, launchOptions }, setting, async (page, context) => {
    await withToneNetwork(context);
    await listenFor(page, host.url);
    await element(page).getByRole('button', { name: 'Use the microphone' }).click();
    await expect(element(page).getByRole('alert')).toContainText('not allowed to use the microphone');
  });
});
