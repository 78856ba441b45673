import { defineConfig } from '@playwright/test';
import { address } from './e2e/ports.js';
import { SILENT_LOUDSPEAKER } from './e2e/support/firefox.js';
import { DOWNLOADS } from './e2e/support/saved-file.js';
import { EVERYWHERE, FIREFOX, WEBKIT } from './e2e/support/test.js';
import { ensureChromium, ensureFirefox, ensureWebKit } from './scripts/browsers.mjs';

const firefox = ensureFirefox();
// Here, as inside a test the time would run out.
ensureWebKit();

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results/browser',
  // Two cores: the network under test needs one for itself.
  workers: 1,
  // Nothing here is a measurement: a busy machine only takes longer.
  timeout: 120_000,
  expect: { timeout: 30_000 },
  forbidOnly: !!process.env.CI,
  reporter: 'list',
  use: { baseURL: address('isolated'), viewport: { width: 1280, height: 900 }, trace: 'retain-on-failure' },
  projects: [
    {
      name: 'chromium',
      grepInvert: new RegExp(`${FIREFOX}|${WEBKIT}`),
      use: {
        browserName: 'chromium',
        launchOptions: { ...ensureChromium(), args: ['--use-fake-device-for-media-stream'] },
      },
    },
    {
      name: 'firefox',
      grep: new RegExp(`${EVERYWHERE}|${FIREFOX}`),
      use: {
        browserName: 'firefox',
        ...(firefox?.channel ? { channel: firefox.channel } : {}),
        launchOptions: {
          ...(firefox ? { executablePath: firefox.executablePath } : {}),
          downloadsPath: DOWNLOADS,
          firefoxUserPrefs: {
            'media.navigator.streams.fake': true,
            'media.navigator.permission.disabled': true,
            ...SILENT_LOUDSPEAKER,
          },
        },
      },
    },
    { name: 'webkit', grep: new RegExp(WEBKIT) },
  ],
  webServer: {
    command: 'node --import tsx e2e/servers.ts',
    url: address('kernels'),
    timeout: 240_000,
    stdout: 'ignore',
    stderr: 'pipe',
  },
});
