import { proxy, type Remote, wrap } from '../../src/comlink.js';
import { LutraError } from '../../src/errors.js';
import type { ConverterApi } from './protocol.js';

/** The page's side of its worker. Its methods reject with the worker's {@link LutraError}s. */
export class Converter {
  readonly #api: Remote<ConverterApi>;
  /** Rejects when the worker's script does not load or breaks. */
  readonly #broken: Promise<never>;

  constructor() {
    const worker = new Worker(new URL('./convert-worker.ts', import.meta.url), { type: 'module' });
    this.#broken = new Promise((_, reject) => {
      worker.addEventListener('error', (event) => {
        reject(
          new LutraError('PLATFORM', `the worker of this page failed${event.message ? `: ${event.message}` : ''}`, {
            hint: 'Reload the page',
          }),
        );
      });
    });
    this.#broken.catch(() => undefined);
    this.#api = wrap<ConverterApi>(worker);
  }

  readonly openNetwork: ConverterApi['openNetwork'] = (...given) => this.#orBroken(this.#api.openNetwork(...given));
  readonly openExamples: ConverterApi['openExamples'] = (files) => this.#orBroken(this.#api.openExamples(files));
  readonly convert: ConverterApi['convert'] = (request, onProgress) =>
    this.#orBroken(this.#api.convert(request, proxy(onProgress)));

  /** Stops a conversion, which then rejects with `ABORTED`. */
  cancel(): void {
    void this.#api.cancel();
  }

  #orBroken<T>(pending: Promise<T>): Promise<T> {
    return Promise.race([pending, this.#broken]);
  }
}
