import { LutraError } from '../errors.js';
import { InferenceSession } from '../session/inference-session.js';
import type { ModelSource } from '../session/load.js';
import type { CreateOptions, LoadProgress } from '../session/types.js';
import { toProbabilities } from './scores.js';
import type { Answer, Input } from './task.js';

/** The model to load and the options, read when loading starts. */
export interface NetworkChoice {
  readonly source: ModelSource;
  readonly options: CreateOptions;
}

export interface NetworkListener {
  /** @throws LutraError when there is nothing to load. */
  choose(): NetworkChoice;
  onStart(): void;
  onProgress(progress: LoadProgress): void;
  onReady(): void;
  /** Not called for a load that was stopped by a release. */
  onFailure(error: LutraError): void;
}

/** One network. It is loaded at its first use, and replaced or released on request. */
export class LazyNetwork {
  #session: Promise<InferenceSession> | undefined;
  #loading = new AbortController();

  constructor(private readonly listener: NetworkListener) {}

  /** Whether it is loaded or being loaded. */
  get wanted(): boolean {
    return this.#session !== undefined;
  }

  /** The loaded network. */
  open(): Promise<InferenceSession> {
    if (!this.#session) {
      const session = this.#load();
      this.#session = session;
      session.catch(() => {
        if (this.#session === session) this.#session = undefined;
      });
    }
    return this.#session;
  }

  /** Stops loading. */
  abort(): void {
    this.#loading.abort();
  }

  /** Stops everything and releases the memory. */
  release(): void {
    const session = this.#session;
    const loading = this.#loading;
    this.#session = undefined;
    this.#loading = new AbortController();
    loading.abort();
    session?.then(
      (opened) => opened.release(),
      () => {}, // The caller of `open` gets the error.
    );
  }

  /**
   * Runs the network. If it is replaced during the run, the next one runs.
   *
   * @throws LutraError as `InferenceSession.create` and `run`, and whatever `input` throws.
   */
  async run(input: Input, signal?: AbortSignal): Promise<Answer> {
    const session = await this.open();
    const output = session.outputNames[0]!;
    try {
      const feeds = { [session.inputNames[0]!]: input(session) };
      const start = performance.now();
      const values = await session.run(feeds, [output], signal ? { signal } : {});
      const milliseconds = performance.now() - start;
      const scores = Float32Array.from(values[output]!.data as ArrayLike<number>);
      return { probabilities: toProbabilities(scores), milliseconds };
    } catch (thrown) {
      const error = LutraError.from(thrown);
      if (error.code !== 'RELEASED') throw error;
      if (this.#session) return this.run(input, signal);
      throw new LutraError('ABORTED', 'the network was released', { cause: error });
    }
  }

  async #load(): Promise<InferenceSession> {
    if (this.#loading.signal.aborted) this.#loading = new AbortController();
    const loading = this.#loading;
    const { listener } = this;
    listener.onStart();
    try {
      const { source, options } = listener.choose();
      const session = await InferenceSession.create(source, {
        ...options,
        signal: loading.signal,
        onProgress: (progress) => this.#loading === loading && listener.onProgress(progress),
      });
      if (this.#loading === loading) listener.onReady();
      return session;
    } catch (thrown) {
      const error = LutraError.from(thrown);
      if (this.#loading === loading) listener.onFailure(error);
      throw error;
    }
  }
}
