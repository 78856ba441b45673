/** How Playwright starts a browser that is here. */
export interface FoundBrowser {
  readonly executablePath: string;
  /** `moz-firefox`: a Firefox as its makers ship it, driven over WebDriver BiDi. */
  readonly channel?: string;
}
export function findChromium(): FoundBrowser | undefined;
export function findFirefox(): FoundBrowser | undefined;
export function ensureChromium(): FoundBrowser;
export function ensureFirefox(): FoundBrowser | undefined;
