import type { Worker } from 'node:worker_threads';
import { type Remote, wrap } from '../../comlink.js';
import { LutraError } from '../../errors.js';
import { nodeHandle } from '../../session/handle.js';
import { sessionOptions } from './runtime.js';
import type { Feeds, Reported, Shard, ShardOptions } from './shard.js';

/** What a thread is started with. */
export interface ThreadOptions extends ShardOptions {
  /** Of the onnxruntime session. */
  readonly session: Readonly<Record<string, unknown>>;
}

/** What a thread offers. */
export interface ThreadApi {
  /** Resolves when the thread can run. */
  open(): Promise<void>;
  run: Shard['run'];
}

/** Not written in place: bundlers would take it for an asset of the page. */
const here = import.meta.url;

/**
 * A shard on a thread of its own (Node). `options.weights` and every gradient vector must lie in shared memory.
 *
 * @throws LutraError `PLATFORM` when the thread does not start.
 */
export async function createThreadShard(options: ShardOptions): Promise<Shard> {
  const { Worker } = await import('node:worker_threads');
  const workerData: ThreadOptions = { ...options, session: sessionOptions('node') };
  const shard = new ThreadShard(new Worker(new URL('./shard-worker.js', here), { workerData, execArgv: [] }));
  await shard.open();
  return shard;
}

function failure(cause: unknown): LutraError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LutraError('PLATFORM', `a training thread failed: ${reason}`, { cause });
}

class ThreadShard implements Shard {
  private readonly api: Remote<ThreadApi>;
  private ended: LutraError | undefined;
  /** Rejects the call at work. */
  private reject: (reason: unknown) => void = () => {};

  constructor(private readonly worker: Worker) {
    const handle = nodeHandle(worker);
    this.api = wrap<ThreadApi>(handle.endpoint);
    handle.onFailure((cause) => this.end(failure(cause)));
    worker.unref();
  }

  open(): Promise<void> {
    return this.call(() => this.api.open());
  }

  run(feeds: Feeds, gradient: Float32Array, changed: boolean): Promise<Reported> {
    return this.call(() => this.api.run(feeds, gradient, changed) as Promise<Reported>);
  }

  async release(): Promise<void> {
    this.end(new LutraError('RELEASED', 'the training thread was released'));
    await this.worker.terminate();
  }

  /** The process stays alive until the thread has answered, or has died. */
  private async call<T>(task: () => Promise<T>): Promise<T> {
    if (this.ended) throw this.ended;
    this.worker.ref();
    try {
      return await new Promise<T>((resolve, reject) => {
        this.reject = reject;
        task().then(resolve, (cause) => reject(failure(cause)));
      });
    } finally {
      this.worker.unref();
    }
  }

  private end(reason: LutraError): void {
    this.ended ??= reason;
    this.reject(this.ended);
  }
}
