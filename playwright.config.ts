import { defineConfig } from '@playwright/test';
import { address } from './e2e/ports.js';
import { ensureChromium, findFirefox } from './scripts/browsers.mjs';

const firefox = findFirefox();

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results/browser',
  // Two cores: the network under test needs one for itself.
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 20_000 },
  forbidOnly: !!process.env.CI,
  reporter: 'list',
  use: { baseURL: address('isolated'), viewport: { width: 1280, height: 900 }, trace: 'retain-on-failure' },
  projects: [
    {
      name: 'chromium',
      use: {
        browserName: 'chromium',
        launchOptions: { executablePath: ensureChromium(), args: ['--use-fake-device-for-media-stream'] },
      },
    },
    ...(firefox
      ? [
          {
            name: 'firefox',
            use: {
              browserName: 'firefox' as const,
              // The installed browser, driven over WebDriver BiDi.
              channel: 'moz-firefox',
              launchOptions: {
                executablePath: firefox,
                firefoxUserPrefs: {
                  'media.navigator.streams.fake': true,
                  'media.navigator.permission.disabled': true,
                },
              },
            },
          },
        ]
      : []),
  ],
  webServer: {
    command: 'node scripts/build-wasm.mjs && npx tsx e2e/servers.ts',
    url: address('kernels'),
    timeout: 180_000,
    stdout: 'ignore',
    stderr: 'pipe',
  },
});
