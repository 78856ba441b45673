/** How Playwright starts a browser that is here. */
export interface FoundBrowser {
  readonly executablePath: string;
  /** `moz-firefox`: a Firefox as its makers ship it, driven over WebDriver BiDi. */
  readonly channel?: string;
}
/** What scripts/webkit.mjs starts. */
export interface FoundWebKit {
  readonly executablePath: string;
  readonly driverPath: string;
  /** Missing where only the display of DISPLAY can be used. */
  readonly displayServer?: string;
}
export function findChromium(): FoundBrowser | undefined;
export function findFirefox(): FoundBrowser | undefined;
export function ensureChromium(): FoundBrowser;
export function ensureFirefox(): FoundBrowser | undefined;
export function findWebKit(): FoundWebKit | undefined;
export function ensureWebKit(): FoundWebKit | undefined;
