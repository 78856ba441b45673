import type { TensorValue } from '../../graph/types.js';
import type { Slice } from './layout.js';
import {
  createSession,
  loadRuntime,
  type OnnxRuntime,
  type OnnxSession,
  type RuntimeKind,
  toTensors,
} from './runtime.js';

/** What every shard is made from; all of it can be sent to a thread. */
export interface ShardOptions {
  /** The serialized training graph. */
  readonly model: Uint8Array;
  readonly slices: readonly Slice[];
  /** Output with the gradient of each slice, in their order. */
  readonly gradients: readonly string[];
  /** Outputs that are reported back: loss, metrics, statistics. */
  readonly reported: readonly string[];
  /** All parameters; in shared memory where threads read it. */
  readonly weights: Float32Array;
}

/** A micro-batch: graph inputs by name. */
export type Feeds = Readonly<Record<string, TensorValue>>;
export type Reported = Readonly<Record<string, Float32Array>>;

/** Computes gradients of micro-batches, one at a time. */
export interface Shard {
  /**
   * @param gradient a vector that is filled with the gradient of all parameters.
   * @param changed whether the weights changed since the shard's last run.
   */
  run(feeds: Feeds, gradient: Float32Array, changed: boolean): Promise<Reported>;
  release(): Promise<void>;
}

/** A shard on the calling thread. */
export async function createLocalShard(options: ShardOptions, kind: RuntimeKind): Promise<Shard> {
  const runtime = await loadRuntime(kind);
  return new LocalShard(runtime, await createSession(runtime, options.model, kind), options);
}

class LocalShard implements Shard {
  constructor(
    private readonly runtime: OnnxRuntime,
    private readonly session: OnnxSession,
    private readonly options: ShardOptions,
  ) {}

  async run(feeds: Feeds, gradient: Float32Array): Promise<Reported> {
    const { slices, gradients, reported, weights } = this.options;
    const tensors = toTensors(this.runtime, Object.entries(feeds));
    for (const { name, start, end, dims } of slices) {
      tensors[name] = new this.runtime.Tensor('float32', weights.subarray(start, end), dims);
    }
    const results = await this.session.run(tensors);
    slices.forEach(({ start }, index) => {
      gradient.set(results[gradients[index]!]!.data as Float32Array, start);
    });
    return Object.fromEntries(reported.map((name) => [name, results[name]!.data as Float32Array]));
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
