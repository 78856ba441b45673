import { createRequire } from 'node:module';
import type { Worker } from 'node:worker_threads';
import { LutraError } from '../../errors.js';
import { sessionOptions } from './runtime.js';
import type { Feeds, Reported, Shard, ShardPlan } from './shard.js';

/**
 * What a thread runs: `LocalShard` over shared memory. Held as a script, since Node starts threads from JavaScript files only
 * and this package also runs from its TypeScript sources.
 */
const SCRIPT = `
const { parentPort, workerData } = require('node:worker_threads');
const { InferenceSession, Tensor } = require(workerData.runtime);
const { model, options, slices, gradients, reported, weights } = workerData;
// onnxruntime takes no shared memory.
const own = new Float32Array(weights.length);
const opening = InferenceSession.create(model, options);
opening.then(
  () => parentPort.postMessage({ ready: true }),
  (error) => parentPort.postMessage({ failed: String(error && error.message || error) }),
);
parentPort.on('message', async ({ feeds, gradient, changed }) => {
  try {
    if (changed) own.set(weights);
    const tensors = {};
    for (const name in feeds) tensors[name] = new Tensor(feeds[name].type, feeds[name].data, feeds[name].dims);
    for (const { name, start, end, dims } of slices) tensors[name] = new Tensor('float32', own.subarray(start, end), dims);
    const results = await (await opening).run(tensors);
    slices.forEach(({ start }, index) => gradient.set(results[gradients[index]].data, start));
    parentPort.postMessage({ values: Object.fromEntries(reported.map((name) => [name, results[name].data])) });
  } catch (error) {
    parentPort.postMessage({ failed: String(error && error.message || error) });
  }
});
`;

type Message = { readonly ready: true } | { readonly values: Reported } | { readonly failed: string };

/**
 * A shard on a thread of its own (Node). `plan.weights` and every gradient vector must lie in shared memory.
 *
 * @throws LutraError `PLATFORM` when the thread does not start.
 */
export async function createThreadShard(plan: ShardPlan): Promise<Shard> {
  const { Worker } = await import('node:worker_threads');
  const runtime = createRequire(import.meta.url).resolve('onnxruntime-node');
  const workerData = { ...plan, runtime, options: sessionOptions('node') };
  const shard = new ThreadShard(new Worker(SCRIPT, { eval: true, workerData, execArgv: [] }));
  await shard.answer();
  return shard;
}

class ThreadShard implements Shard {
  private waiting: { resolve(message: Message): void; reject(error: unknown): void } | undefined;
  private ended: LutraError | undefined;

  constructor(private readonly worker: Worker) {
    worker.on('message', (message: Message) => this.settle((waiting) => waiting.resolve(message)));
    worker.on('error', (cause) => this.fail(cause.message, cause));
    worker.on('exit', (code) => this.fail(`it ended with code ${code}`));
    worker.unref();
  }

  /** The next message of the thread, which is kept alive until it comes. */
  async answer(): Promise<Message> {
    if (this.ended) throw this.ended;
    this.worker.ref();
    try {
      const message = await new Promise<Message>((resolve, reject) => {
        this.waiting = { resolve, reject };
      });
      if ('failed' in message) throw new LutraError('PLATFORM', `a training thread failed: ${message.failed}`);
      return message;
    } finally {
      this.worker.unref();
    }
  }

  async run(feeds: Feeds, gradient: Float32Array, changed: boolean): Promise<Reported> {
    this.worker.postMessage({ feeds, gradient, changed });
    const message = await this.answer();
    return 'values' in message ? message.values : {};
  }

  async release(): Promise<void> {
    this.ended = new LutraError('RELEASED', 'the training thread was released');
    this.settle((waiting) => waiting.reject(this.ended));
    await this.worker.terminate();
  }

  private fail(reason: string, cause?: unknown): void {
    this.ended ??= new LutraError('PLATFORM', `a training thread failed: ${reason}`, { cause });
    this.settle((waiting) => waiting.reject(this.ended));
  }

  private settle(how: (waiting: NonNullable<ThreadShard['waiting']>) => void): void {
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting) how(waiting);
  }
}
