import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { WebKitWindow } from '../scripts/webkit.mjs';
import { address } from './ports.js';
import { photographDigit } from './support/demo-page.js';
import { expect, WEBKIT } from './support/test.js';
import { test } from './support/webkit.js';

const FOLDER = 'test-results/webkit';

function write(name: string, bytes: Buffer): string {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${FOLDER}/${name}`, bytes);
  return resolve(FOLDER, name);
}

/** Waits for what the page announces. */
async function expectAnnouncement(window: WebKitWindow, pattern: RegExp): Promise<void> {
  const read = () => window.evaluate<string>("return document.querySelector('#announcement').textContent");
  await expect.poll(read, { timeout: 60_000 }).toMatch(pattern);
}

test.describe('WebKitGTK', { tag: WEBKIT }, () => {
  for (const server of ['isolated', 'plain'] as const) {
    test(`reads the page’s own digit and a photographed one (${server})`, async ({ window }) => {
      await window.goto(`${address(server)}image/#model=digits`);
      await expectAnnouncement(window, /^3, [\d.]+ % sure$/);
      await window.click('#tab-pictures');
      await window.type('#file', write('4.png', await photographDigit('4')));
      await expectAnnouncement(window, /^4, [\d.]+ % sure$/);
      expect(await window.text('#winner')).toBe('4');
    });
  }
});
