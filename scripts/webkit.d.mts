export interface WebKitOptions {
  /** Lets isolated pages (and, unlike in other browsers, those that are not) have SharedArrayBuffer. Default: false, as shipped. */
  readonly sharedMemory?: boolean;
  /** More variables for the browser's processes, e.g. `{ JSC_useWasmRelaxedSIMD: '1' }`. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * One WebKitGTK window. Selectors reach into shadow roots by ` >>> `. Scripts are bodies of functions: `return document.title`; their
 * values come back as JSON would carry them.
 */
export interface WebKitWindow {
  /** Of WebKitGTK, e.g. `2.50.6`. */
  readonly version: string;
  goto(url: string): Promise<void>;
  evaluate<T>(body: string, ...values: readonly unknown[]): Promise<T>;
  /** The first value that is not falsy. Default 60,000 ms. */
  waitFor<T>(body: string, milliseconds?: number): Promise<T>;
  click(selector: string): Promise<void>;
  /** Trusted key presses; into an `<input type="file">`, the path of a file. */
  type(selector: string, text: string): Promise<void>;
  text(selector: string): Promise<string>;
  /** PNG bytes. */
  screenshot(): Promise<Buffer>;
  /** Ends the browser, its driver and its display. */
  close(): Promise<void>;
}

/** Starts WebKitGTK. Throws when it is not here (see `findWebKit` of browsers.mjs) or does not start. */
export function openWebKit(options?: WebKitOptions): Promise<WebKitWindow>;
