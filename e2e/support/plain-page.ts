import { build } from 'vite';
import { type Host, STRICT_POLICY, startHost } from './host.js';
import { test as base } from './test.js';

/**
 * `folders`: a site with the library's bundle for pages without a bundler. `host`: that site without cross-origin isolation and under
 * a strict Content Security Policy, the poorest place the element has to work in.
 */
export const test = base.extend<object, { folders: Readonly<Record<string, string>>; host: Host }>({
  folders: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from the pattern.
    async ({}, use, { parallelIndex }) => {
      const outDir = `${process.cwd()}/test-results/browser-bundle-${parallelIndex}`;
      await build({ configFile: 'vite.browser.config.ts', logLevel: 'warn', build: { outDir } });
      await use({ '/lutra/': outDir, '/models/': 'public/models', '/wasm/': 'build', '/': 'e2e/element' });
    },
    { scope: 'worker' },
  ],
  host: [
    async ({ folders }, use) => {
      const host = await startHost(folders, { 'content-security-policy': STRICT_POLICY });
      await use(host);
      await host.close();
    },
    { scope: 'worker' },
  ],
});
