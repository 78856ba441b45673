import { openWebKit, type WebKitWindow } from '../../scripts/webkit.mjs';
import { test as base } from './plain-page.js';

/** One WebKitGTK window, as shipped: pages have no shared memory. */
export const test = base.extend<{ window: WebKitWindow }>({
  // Skips where there is no WebKitGTK before one would be opened.
  window: async ({ browserIsHere: _ }, use) => {
    const window = await openWebKit();
    await use(window);
    await window.close();
  },
});
