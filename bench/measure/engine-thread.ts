import * as Comlink from 'comlink';
import type { EngineFacts, EngineWorker, OpenRequest } from './serve-engine.js';
import type { Contender } from './types.js';

/** An engine with a network in a worker of its own. */
export class EngineThread {
  readonly #worker: Worker;
  readonly #api: Comlink.Remote<EngineWorker>;
  readonly #failure: Promise<never>;

  private constructor(
    readonly contender: Contender,
    worker: Worker,
    signal: AbortSignal,
  ) {
    this.#worker = worker;
    this.#api = Comlink.wrap<EngineWorker>(worker);
    this.#failure = new Promise((_, reject) => {
      worker.addEventListener('error', ({ message }) => reject(new Error(message || 'the worker did not load')));
      // Ending a worker leaves its calls open for ever.
      signal.addEventListener('abort', () => {
        worker.terminate();
        reject(signal.reason);
      });
    });
    this.#failure.catch(() => {});
  }

  /** Starts a worker that {@link serveEngine} runs in and loads the network there. Bytes are copied. The signal ends it whatever it does. */
  static async open(
    createWorker: () => Worker,
    request: OpenRequest,
    signal: AbortSignal,
  ): Promise<{ readonly thread: EngineThread; readonly facts: EngineFacts }> {
    signal.throwIfAborted();
    const thread = new EngineThread(request.contender, createWorker(), signal);
    try {
      return { thread, facts: await thread.#guard(thread.#api.open(request)) };
    } catch (thrown) {
      thread.close();
      throw thrown;
    }
  }

  answer(): ReturnType<EngineWorker['answer']> {
    return this.#guard(this.#api.answer());
  }

  /** Mean milliseconds of `runs` runs. */
  sample(runs: number): Promise<number> {
    return this.#guard(this.#api.sample(runs));
  }

  memoryBytes(): Promise<number> {
    return this.#guard(this.#api.memoryBytes());
  }

  close(): void {
    this.#worker.terminate();
  }

  #guard<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failure]);
  }
}
