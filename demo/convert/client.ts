import * as Comlink from 'comlink';
import { LutraError } from '../../src/errors.js';
import type {
  Converted,
  ConverterApi,
  ConvertRequest,
  ExampleFacts,
  ExampleFile,
  NetworkFacts,
  ProgressListener,
  Reply,
} from './protocol.js';

/** The page's end of its worker; rejects with the worker's {@link LutraError}s. */
export class Converter {
  readonly #api: Comlink.Remote<ConverterApi>;
  /** Rejects when the worker's script does not load or breaks. */
  readonly #broken: Promise<never>;

  constructor() {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
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
    this.#api = Comlink.wrap<ConverterApi>(worker);
  }

  openNetwork(file: Blob, name: string): Promise<NetworkFacts> {
    return this.#unwrap(this.#api.openNetwork(file, name));
  }

  openExamples(files: readonly ExampleFile[]): Promise<ExampleFacts> {
    return this.#unwrap(this.#api.openExamples(files));
  }

  convert(request: ConvertRequest, onProgress: ProgressListener): Promise<Converted> {
    return this.#unwrap(this.#api.convert(request, Comlink.proxy(onProgress)));
  }

  /** Stops a conversion, which then rejects with `ABORTED`. */
  cancel(): void {
    void this.#api.cancel();
  }

  async #unwrap<T>(pending: Promise<Reply<T>>): Promise<T> {
    const reply = await Promise.race([pending, this.#broken]);
    if ('error' in reply) throw LutraError.from(reply.error);
    return reply.value;
  }
}
