import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext, Locator, Page, PlaywrightWorkerArgs, PlaywrightWorkerOptions } from '@playwright/test';
import { address } from '../ports.js';

export const SPEECH = `${address('isolated')}speech/`;

export const listenButton = (page: Page): Locator => page.locator('#listen');
/** Words so far, the newest first. */
export const words = (page: Page): Locator => page.locator('.heard-word');

export async function chooseRecording(page: Page, name: string, buffer: Buffer): Promise<void> {
  await page.locator('#file').setInputFiles({ name, mimeType: 'audio/wav', buffer });
}

type Launcher = Pick<PlaywrightWorkerArgs, 'playwright'> & Pick<PlaywrightWorkerOptions, 'launchOptions'>;

/**
 * A Chromium of its own, whose microphone plays a recording over and over (a Buffer), or that has none, with or without the
 * user's leave. What a microphone hears is fixed when the browser starts.
 */
export async function withChromium(
  { playwright, launchOptions }: Launcher,
  { microphone, allowed }: { readonly microphone: Buffer | undefined; readonly allowed: boolean },
  use: (page: Page, context: BrowserContext) => Promise<void>,
): Promise<void> {
  const args: string[] = [];
  if (microphone) {
    const folder = join(process.cwd(), 'test-results/microphones');
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${process.pid}-${Date.now()}.wav`);
    writeFileSync(file, microphone);
    args.push('--use-fake-device-for-media-stream', `--use-file-for-fake-audio-capture=${file}`);
  }
  const browser = await playwright.chromium.launch({ ...launchOptions, args });
  try {
    const context = await browser.newContext({ permissions: allowed ? ['microphone'] : [] });
    await use(await context.newPage(), context);
  } finally {
    await browser.close();
  }
}
