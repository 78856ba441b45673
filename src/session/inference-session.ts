import { threadCount } from '../engine/features.js';
import { checkFeeds, checkTensor } from '../engine/feeds.js';
import type { MemoryUse, StepProfile } from '../engine/types.js';
import { loadKernels } from '../engine/wasm.js';
import { LutraError } from '../errors.js';
import { formatType } from '../graph/tensor.js';
import type { ValueInfo } from '../graph/types.js';
import type { Backend } from './backend.js';
import { loadBytes, type ModelSource } from './load.js';
import { createRemote } from './remote.js';
import type { SessionFacts, Values } from './service.js';
import { Tensor } from './tensor.js';
import type { CreateOptions, Feeds, Fetches, RunOptions, SessionInfo, TensorLike, ValueMetadata } from './types.js';

/** Number of runs of `profile`. */
const PROFILE_RUNS = 2;
const MAX_TIMED_RUNS = 100_000;

/** A network, loaded and ready to run. Created by {@link InferenceSession.create}. */
export class InferenceSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata: readonly ValueMetadata[];
  readonly outputMetadata: readonly ValueMetadata[];
  /** ModelProto.metadata_props. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly info: SessionInfo;
  readonly #backend: Backend;
  readonly #inputs: readonly ValueInfo[];
  /** Settles when the last job of the queue has settled. */
  #queue: Promise<unknown> = Promise.resolve();
  /** The reject functions of all jobs that have not settled. */
  readonly #pending = new Set<(reason: LutraError) => void>();
  #runs = 0;
  /** Why the session has ended. */
  #ended: LutraError | undefined;

  private constructor(backend: Backend, facts: SessionFacts, modelBytes: number) {
    this.#backend = backend;
    this.#inputs = facts.inputs;
    this.inputNames = facts.inputs.map(({ name }) => name);
    this.outputNames = facts.outputs.map(({ name }) => name);
    this.inputMetadata = facts.inputs.map(toMetadata);
    this.outputMetadata = facts.outputs.map(toMetadata);
    this.metadata = facts.metadata;
    this.info = { ...facts.info, worker: backend.worker, modelBytes };
    backend.failure.catch((thrown: unknown) => this.#end(LutraError.from(thrown)));
  }

  /**
   * Loads a model.
   *
   * @param source Address (in Node also a path), bytes or a response.
   * @throws LutraError `LOAD_FAILED`, `INVALID_MODEL`, `UNSUPPORTED`, `PLATFORM`, `OUT_OF_MEMORY`, `INVALID_ARGUMENT`, `ABORTED`.
   */
  static async create(source: ModelSource, options: CreateOptions = {}): Promise<InferenceSession> {
    const { signal, onProgress, threads = 'auto', wasm = 'auto', dimensions = {}, cache = 'none' } = options;
    if (signal?.aborted) throw aborted(signal);
    const count = threadCount(threads);
    const loading = loadBytes(source, options);
    // The worker starts while the model loads. Until the model is awaited, a failure to load must not count as unhandled.
    loading.catch(() => {});
    const backend =
      options.worker === false
        ? (await import('./local.js')).createLocal(options.workerUrl)
        : createRemote(options.workerUrl, count);
    const watch = watchSignal(signal);
    const orStop = <T>(work: Promise<T>): Promise<T> => Promise.race([work, backend.failure, watch.aborted]);
    try {
      const compiling = loadKernels(wasm, threads, options.wasmUrl);
      compiling.catch(() => {});
      const bytes = await orStop(loading);
      const { length } = bytes;
      onProgress?.({ stage: 'compile', loaded: length, total: length });
      const kernels = await orStop(compiling);
      onProgress?.({ stage: 'plan', loaded: length, total: length });
      const facts = await orStop(backend.open(bytes, kernels, { threads, dimensions }));
      backend.keepAlive(false);
      onProgress?.({ stage: 'ready', loaded: length, total: length });
      return new InferenceSession(backend, facts, length);
    } catch (thrown) {
      backend.terminate();
      const error = LutraError.from(thrown);
      // A file that is not a model must not stay in the cache.
      if (cache !== 'none' && error.code === 'INVALID_MODEL')
        await (await import('./load-checked.js')).forget(source, cache);
      throw error;
    } finally {
      watch.stop();
    }
  }

  /**
   * Runs the network. Runs are executed one after the other, in the order of their calls.
   *
   * @param feeds One tensor per input. Their data are copied before `run` returns its promise.
   * @param fetches Names of the outputs wanted, or tensors to be filled (null: allocate). Default all.
   * @throws LutraError `INVALID_ARGUMENT`, `ABORTED`, `RELEASED`, `OUT_OF_MEMORY`, `INVALID_MODEL` when the shapes do not fit
   *   together.
   */
  async run(feeds: Feeds, fetches?: Fetches, options: RunOptions = {}): Promise<Record<string, TensorLike>> {
    const { signal } = options;
    checkFeeds(this.#inputs, feeds);
    const targets = this.#targets(fetches);
    const names = targets.map(([name]) => name);
    const copy = copyFeeds(feeds);
    const values = await this.#enqueue(signal, async () => {
      const run = ++this.#runs;
      const stop = (): void => this.#backend.stop(run);
      signal?.addEventListener('abort', stop);
      try {
        return await this.#backend.run(copy, run, signal !== undefined, names);
      } finally {
        signal?.removeEventListener('abort', stop);
      }
    });
    return Object.fromEntries(targets.map(([name, target]) => [name, deliver(name, values, target)]));
  }

  /**
   * Runs once to warm up and once to measure, and returns the time of every step.
   *
   * @throws LutraError as {@link run}.
   */
  async profile(feeds: Feeds): Promise<readonly StepProfile[]> {
    return this.#measure(feeds, PROFILE_RUNS, (copy) => this.#backend.profile(copy));
  }

  /**
   * Runs `runs` times (1 to 100 000) with `feeds`, without a warm-up, and returns the milliseconds of every run. A time begins when the
   * feeds are copied into the engine's memory and ends when the outputs have been copied out. Messages to a worker do not count. The
   * clock of the running thread counts in steps of 0.005 to 0.02 ms on cross-origin isolated pages, and of 0.1 to 1 ms on others.
   *
   * @throws LutraError as {@link run}.
   */
  async time(feeds: Feeds, runs: number): Promise<readonly number[]> {
    if (!Number.isInteger(runs) || runs < 1 || runs > MAX_TIMED_RUNS) {
      throw new LutraError('INVALID_ARGUMENT', '"runs" is wrong', {
        expected: `1 to ${MAX_TIMED_RUNS}`,
        actual: String(runs),
      });
    }
    return this.#measure(feeds, runs, (copy) => this.#backend.time(copy, runs));
  }

  async #measure<T>(feeds: Feeds, runs: number, work: (copy: Values) => Promise<T>): Promise<T> {
    checkFeeds(this.#inputs, feeds);
    const copy = copyFeeds(feeds);
    return this.#enqueue(undefined, () => {
      this.#runs += runs;
      return work(copy);
    });
  }

  /** Bytes in use by the engine. */
  memory(): Promise<MemoryUse> {
    return this.#enqueue(undefined, () => this.#backend.memory());
  }

  /** Stops the workers and frees the memory. Runs that have not finished reject with `RELEASED`. A second call does nothing. */
  async release(): Promise<void> {
    if (!this.#ended) this.#end(new LutraError('RELEASED', 'the session was released'));
  }

  #end(reason: LutraError): void {
    this.#ended ??= reason;
    this.#backend.terminate();
    for (const reject of this.#pending) reject(reason);
    this.#pending.clear();
  }

  /** Puts a job at the end of the queue. Its promise rejects at once when the signal fires or the session ends. */
  #enqueue<T>(signal: AbortSignal | undefined, job: () => Promise<T>): Promise<T> {
    if (this.#ended) return Promise.reject(this.#ended);
    const watch = watchSignal(signal);
    return new Promise<T>((resolve, reject) => {
      this.#pending.add(reject);
      this.#backend.keepAlive(true);
      watch.aborted.catch(reject);
      const turn = this.#queue.then(async () => {
        if (this.#ended || signal?.aborted) return;
        await job().then(resolve, (thrown: unknown) => reject(LutraError.from(thrown)));
      });
      this.#queue = turn;
      void turn.then(() => {
        this.#pending.delete(reject);
        watch.stop();
        if (this.#pending.size === 0) this.#backend.keepAlive(false);
      });
    });
  }

  /** Output names, each with the tensor to fill, where the caller gives one. */
  #targets(fetches: Fetches | undefined): readonly (readonly [string, TensorLike | null])[] {
    const entries: [string, TensorLike | null][] = Array.isArray(fetches)
      ? fetches.map((name: string) => [name, null])
      : Object.entries(fetches ?? Object.fromEntries(this.outputNames.map((name) => [name, null])));
    for (const [name, target] of entries) {
      if (!this.outputNames.includes(name)) {
        throw new LutraError('INVALID_ARGUMENT', `there is no output "${name}"`, {
          expected: this.outputNames.join(', '),
          actual: name,
        });
      }
      if (target) checkTensor(target, `the tensor for output "${name}"`);
    }
    return entries;
  }
}

/** A promise that rejects when the signal fires, and a function that stops listening. */
function watchSignal(signal: AbortSignal | undefined): { aborted: Promise<never>; stop: () => void } {
  let stop = (): void => {};
  const promise = new Promise<never>((_, reject) => {
    if (!signal) return;
    const listener = (): void => reject(aborted(signal));
    if (signal.aborted) listener();
    signal.addEventListener('abort', listener);
    stop = () => signal.removeEventListener('abort', listener);
  });
  promise.catch(() => {});
  return { aborted: promise, stop };
}

/** Copies the feeds: the caller may change its tensors while the run waits in the queue. */
function copyFeeds(feeds: Feeds): Values {
  const copies = Object.entries(feeds).map(([name, { type, dims, data }]) => [
    name,
    { type, dims: [...dims], data: data.slice() },
  ]);
  return Object.fromEntries(copies) as Values;
}

function deliver(name: string, values: Values, target: TensorLike | null): TensorLike {
  const value = values[name]!;
  if (!target) return new Tensor(value.type, value.data, value.dims);
  if (formatType(target) !== formatType(value)) {
    throw new LutraError('INVALID_ARGUMENT', `the tensor for output "${name}" does not fit`, {
      expected: formatType(value),
      actual: formatType(target),
    });
  }
  (target.data as Uint8Array).set(value.data as Uint8Array);
  return target;
}

function toMetadata({ name, type, dims }: ValueInfo): ValueMetadata {
  return { name, type, dims: dims ?? [] };
}

function aborted(signal: AbortSignal): LutraError {
  return new LutraError('ABORTED', 'the signal was aborted', { cause: signal.reason });
}
