import { type Remote, wrap } from '../../src/comlink.js';
import type { EngineFacts, EngineWorker, OpenRequest, TestSet } from './serve-engine.js';
import type { Contender } from './types.js';

/** Rejects when the worker fails, and with the signal's reason when the signal fires. The signal also ends the worker. */
export function failureOf(worker: Worker, signal: AbortSignal): Promise<never> {
  const failure = new Promise<never>((_, reject) => {
    worker.addEventListener('error', ({ message }) => reject(new Error(message || 'the worker did not load')));
    // The calls of a worker that has ended never settle.
    signal.addEventListener('abort', () => {
      worker.terminate();
      reject(signal.reason);
    });
  });
  failure.catch(() => {});
  return failure;
}

/** An engine with a network in a worker of its own. */
export class EngineThread {
  readonly #worker: Worker;
  readonly #api: Remote<EngineWorker>;
  readonly #failure: Promise<never>;

  private constructor(
    readonly contender: Contender,
    worker: Worker,
    signal: AbortSignal,
  ) {
    this.#worker = worker;
    this.#api = wrap<EngineWorker>(worker);
    this.#failure = failureOf(worker, signal);
  }

  /** Loads the network in a new worker, which must call {@link serveEngine}. Bytes are copied. The signal ends the worker at any time. */
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

  countCorrect(test: TestSet): Promise<number> {
    return this.#guard(this.#api.countCorrect(test));
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
