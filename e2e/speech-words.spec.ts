import { existsSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { openDataset } from '../src/data/node-open.js';
import { resample } from '../src/speech/resample.js';
import { encodeWav } from '../src/speech/wav.js';
import { chooseRecording, listenButton, SPEECH, withChromium, words } from './support/speech-page.js';
import { EVERYWHERE, expect, test } from './support/test.js';

const DATA = '../shared/data';
const COMMANDS = `${DATA}/speech-commands/train_1.ulaw.gz`;
const DIGITS = `${DATA}/fsdd/recordings.tar.gz`;
const RATE = 48000;

/** People saying these words, one after the other, a second apart, as a microphone would deliver it. */
async function recording(path: string, spoken: readonly string[]): Promise<Buffer> {
  const dataset = await openDataset(path);
  const pause = new Float32Array(RATE);
  const parts: Float32Array[] = [pause];
  for (const word of spoken) {
    const index = [...dataset.labels!].findIndex((label) => dataset.classes![label] === word);
    for await (const sample of dataset.samples([index])) {
      if (sample.kind !== 'recording') throw new Error(`${sample.name} is no recording`);
      parts.push(resample(sample.recording.samples, sample.recording.sampleRate, RATE), pause);
    }
  }
  return Buffer.from(encodeWav({ samples: Float32Array.from(parts.flatMap((part) => [...part])), sampleRate: RATE }));
}

async function open(page: Page, model: string): Promise<void> {
  await page.goto(`${SPEECH}#model=${model}`);
  await expect(listenButton(page)).toBeEnabled();
}

test.beforeEach(() => {
  test.skip(!existsSync(COMMANDS) || !existsSync(DIGITS), 'The recordings of people are not in this checkout');
});

test('keywords in a recording', { tag: EVERYWHERE }, async ({ page }) => {
  await open(page, 'keywords');
  await chooseRecording(page, 'people.wav', await recording(COMMANDS, ['yes', 'left', 'stop']));
  await expect(words(page)).toHaveText(['stop', 'left', 'yes']);
});

test('digits in a recording', { tag: EVERYWHERE }, async ({ page }) => {
  await open(page, 'spoken-digits');
  await chooseRecording(page, 'people.wav', await recording(DIGITS, ['7', '3', '5']));
  await expect(words(page)).toHaveText(['5', '3', '7']);
});

test('the dense original gives the same words', async ({ page }) => {
  await page.goto(`${SPEECH}#model=keywords&engine=dense`);
  await expect(listenButton(page)).toBeEnabled();
  await chooseRecording(page, 'people.wav', await recording(COMMANDS, ['yes', 'left', 'stop']));
  await expect(words(page)).toHaveText(['stop', 'left', 'yes']);
});

for (const [model, path, spoken] of [
  ['keywords', COMMANDS, 'yes'],
  ['spoken-digits', DIGITS, '7'],
] as const) {
  test(`“${spoken}” said into the microphone`, async ({ playwright, launchOptions }) => {
    const microphone = await recording(path, [spoken]);
    await withChromium({ playwright, launchOptions }, { microphone, allowed: true }, async (page) => {
      await open(page, model);
      await listenButton(page).click();
      await expect(page.locator('#winner')).toHaveText(spoken, { timeout: 90_000 });
    });
  });
}
