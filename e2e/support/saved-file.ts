import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect } from './test.js';

/** Where Firefox puts what pages save; Chromium's downloads are handed to the test. */
export const DOWNLOADS = 'test-results/downloads';

/**
 * The file that `save` makes the page offer as `name`. Of downloads from blob: addresses Firefox tells WebDriver no id, so that
 * Playwright drops the event; the file arrives in the folder of the launch option `downloadsPath` all the same.
 */
export async function savedFile(page: Page, name: string, save: () => Promise<void>): Promise<Buffer> {
  if (page.context().browser()?.browserType().name() !== 'firefox') {
    const download = page.waitForEvent('download');
    await save();
    const file = await download;
    expect(file.suggestedFilename()).toBe(name);
    return readFileSync(await file.path());
  }
  mkdirSync(DOWNLOADS, { recursive: true });
  const file = join(DOWNLOADS, name);
  rmSync(file, { force: true });
  await save();
  await expect.poll(() => existsSync(file) && !existsSync(`${file}.part`)).toBe(true);
  return readFileSync(file);
}
