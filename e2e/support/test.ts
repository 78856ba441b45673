import { test as base } from '@playwright/test';
import { ensureFirefox, ensureWebKit } from '../../scripts/browsers.mjs';

/** Marks the tests that run in every browser, not only in the first: those of what engines do differently. */
export const EVERYWHERE = '@everywhere';
/** Marks the tests of what only Firefox does. */
export const FIREFOX = '@firefox';
/** Marks the tests that drive WebKitGTK, which Playwright runs but cannot drive. */
export const WEBKIT = '@webkit';

/** Playwright's `test`; skipped, visibly, in a browser that this machine cannot have. */
export const test = base.extend<{ browserIsHere: undefined }>({
  browserIsHere: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from the pattern.
    async ({}, use, info) => {
      info.skip(info.project.name === 'firefox' && !ensureFirefox(), 'Firefox is neither installed nor to be had');
      info.skip(info.project.name === 'webkit' && !ensureWebKit(), 'WebKitGTK is neither installed nor to be had');
      await use(undefined);
    },
    { auto: true },
  ],
});
export { expect } from '@playwright/test';
