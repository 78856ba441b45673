import { chromium, firefox } from '@playwright/test';
import { ensureChromium, ensureFirefox, ensureWebKit } from '../../scripts/browsers.mjs';
import { openWebKit } from '../../scripts/webkit.mjs';

export type BrowserName = 'chromium' | 'firefox' | 'webkit';

export const BROWSER_TITLES: Readonly<Record<BrowserName, string>> = {
  chromium: 'Chromium',
  firefox: 'Firefox',
  webkit: 'WebKitGTK',
};

/** A browser with one tab, driven from here. */
export interface BrowserTab {
  readonly version: string;
  open(url: string): Promise<void>;
  /** The same with nothing kept of earlier pages. */
  fresh(url: string): Promise<void>;
  /** Value of an expression in the page, as JSON. */
  evaluate<T>(expression: string): Promise<T>;
  close(): Promise<void>;
}

/**
 * @param threads that engines will want
 * @throws Error when this machine has no such browser
 */
export async function openBrowser(name: BrowserName, threads: number): Promise<BrowserTab> {
  if (name === 'webkit') return openWebKitTab(threads);
  const browser = name === 'chromium' ? await launchChromium() : await launchFirefox();
  let page = await browser.newPage();
  return {
    version: browser.version(),
    async open(url) {
      await page.goto(url);
    },
    async fresh(url) {
      await page.context().close();
      page = await browser.newPage();
      await page.goto(url);
    },
    evaluate: (expression) => page.evaluate(expression),
    close: () => browser.close(),
  };
}

function launchChromium() {
  return chromium.launch({ ...ensureChromium() });
}

function launchFirefox() {
  const found = ensureFirefox();
  if (!found) throw new Error('Firefox is not installed and cannot be installed');
  const { channel, executablePath } = found;
  return firefox.launch({ executablePath, ...(channel ? { channel } : {}) });
}

/** WebKitGTK as shipped hides shared memory; it is switched on where threads are to be measured. */
async function openWebKitTab(threads: number): Promise<BrowserTab> {
  if (!ensureWebKit()) throw new Error('WebKitGTK is not installed and cannot be installed');
  const window = await openWebKit({ sharedMemory: threads > 1 });
  return {
    version: window.version,
    open: (url) => window.goto(url),
    async fresh(url) {
      // Another address first: an address with only another hash would not be loaded again.
      await window.goto('about:blank');
      await window.goto(url);
    },
    evaluate: (expression) => window.evaluate(`return (${expression})`),
    close: () => window.close(),
  };
}
