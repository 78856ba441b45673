import { LutraError } from '../../errors.js';
import type { TensorValue } from '../../graph/types.js';
import { serializeModel } from '../../onnx/serialize.js';
import { type DifferentiateOptions, differentiate, type TrainingGraph } from '../gradient/differentiate.js';
import type { StepEngine, StepEngineOptions, StepResult, TrainingNetwork, TrainingState } from '../types.js';
import { splitBatch } from './feeds.js';
import { floatsOf, layOut, readSlice, type Slice } from './layout.js';
import { createOptimizer, type Optimizer } from './optimizer.js';
import { defaultRuntime } from './runtime.js';
import { createLocalShard, type Feeds, type Reported, type Shard, type ShardOptions } from './shard.js';

const DEFAULT_MICRO_BATCH = 16;

/**
 * Differentiates a network and opens sessions that run its training step.
 *
 * @throws LutraError what {@link differentiate} throws; `INVALID_ARGUMENT` (options); `PLATFORM` when onnxruntime is missing.
 */
export async function createStepEngine(
  network: TrainingNetwork,
  options: StepEngineOptions & Pick<DifferentiateOptions, 'rules'>,
): Promise<StepEngine> {
  const { microBatch = DEFAULT_MICRO_BATCH, threads = 1, runtime = defaultRuntime() } = options;
  for (const [name, value] of Object.entries({ microBatch, threads })) {
    if (!Number.isInteger(value) || value < 1) throw outOfRange(name, 'a whole number of at least 1', value);
  }
  if (threads > 1 && runtime !== 'node') throw outOfRange('threads', '1 outside of Node', threads);
  const { rules } = options;
  const training = differentiate(network, { microBatch, ...(rules && { rules }) });
  const slices = layOut(network.graph, network.parameters);
  const length = slices.at(-1)?.end ?? 0;
  const statistics = [...training.statistics.values()];
  const allocate = threads > 1 ? sharedFloats : (count: number) => new Float32Array(count);
  const weights = allocate(length);
  const shardOptions: ShardOptions = {
    model: serializeModel(training.graph),
    slices,
    gradients: slices.map(({ name }) => training.gradients.get(name)!),
    reported: [training.loss, ...Object.values(training.metrics), ...statistics.map(({ output }) => output)],
    weights,
  };
  const optimizer = createOptimizer(options.optimizer, slices, length);
  const opening =
    threads > 1
      ? Array.from({ length: threads }, async () => (await import('./thread-shard.js')).createThreadShard(shardOptions))
      : [createLocalShard(shardOptions, runtime)];
  const opened = await Promise.allSettled(opening);
  const shards = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = opened.find((result) => result.status === 'rejected');
  if (failed) {
    await Promise.all(shards.map((shard) => shard.release()));
    throw LutraError.from(failed.reason);
  }
  return new Engine({ network, training, slices, weights, optimizer, shards, microBatch, allocate });
}

function outOfRange(name: string, expected: string, actual: number): LutraError {
  return new LutraError('INVALID_ARGUMENT', `the option ${name} is out of range`, { expected, actual: `${actual}` });
}

function sharedFloats(count: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(count * Float32Array.BYTES_PER_ELEMENT));
}

interface Parts {
  readonly network: TrainingNetwork;
  readonly training: TrainingGraph;
  readonly slices: readonly Slice[];
  readonly weights: Float32Array;
  readonly optimizer: Optimizer;
  readonly shards: readonly Shard[];
  readonly microBatch: number;
  allocate(count: number): Float32Array;
}

class Engine implements StepEngine {
  private readonly statistics = new Map<string, Float32Array>();
  /** One vector per micro-batch of a batch, so that they are added in one order whoever computed them. */
  private readonly gradients: Float32Array[] = [];
  private steps = 0;
  private busy = false;
  private disposed = false;

  constructor(private readonly parts: Parts) {
    const { network, slices, weights, training } = parts;
    for (const { name, start } of slices) {
      weights.set(network.graph.initializers.get(name)!.data as Float32Array, start);
    }
    for (const name of training.statistics.keys()) {
      this.statistics.set(name, Float32Array.from(network.graph.initializers.get(name)!.data as Float32Array));
    }
  }

  async step(feeds: Readonly<Record<string, TensorValue>>, learningRate: number): Promise<StepResult> {
    if (this.disposed) throw new LutraError('RELEASED', 'the training engine was disposed');
    if (this.busy) throw new LutraError('INVALID_ARGUMENT', 'a training step is already running');
    if (!(learningRate >= 0 && learningRate < Infinity)) {
      throw outOfRange('learningRate', 'a finite number of at least 0', learningRate);
    }
    const { network, microBatch } = this.parts;
    const batches = splitBatch(network.graph, feeds, microBatch);
    this.busy = true;
    try {
      const reported = await this.compute(batches);
      return this.update(reported, learningRate);
    } finally {
      this.busy = false;
    }
  }

  /** Gradients and reported values of every micro-batch; a free shard takes the next one. */
  private async compute(batches: readonly Feeds[]): Promise<Reported[]> {
    const { shards, weights, allocate } = this.parts;
    while (this.gradients.length < batches.length) this.gradients.push(allocate(weights.length));
    const reported: Reported[] = [];
    let next = 0;
    const work = async (shard: Shard) => {
      let changed = true;
      while (next < batches.length) {
        const index = next++;
        reported[index] = await shard.run(batches[index]!, this.gradients[index]!, changed);
        changed = false;
      }
    };
    const ended = await Promise.allSettled(shards.map(work));
    const failed = ended.find((result) => result.status === 'rejected');
    if (failed) throw LutraError.from(failed.reason);
    return reported;
  }

  private update(reported: readonly Reported[], learningRate: number): StepResult {
    const { training, weights, optimizer, slices } = this.parts;
    const count = reported.length;
    const mean = (output: string) => reported.reduce((sum, values) => sum + values[output]![0]!, 0) / count;
    const loss = mean(training.loss);
    const gradient = averaged(this.gradients, count);
    const gradientNorm = Math.sqrt(slices.reduce((sum, slice) => sum + squares(gradient, slice), 0));
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      throw this.diverged(`the loss is ${loss}`, 'gradients', gradient);
    }
    optimizer.update(weights, gradient, this.steps, learningRate);
    if (!slices.every((slice) => Number.isFinite(squares(weights, slice)))) {
      throw this.diverged('the update is too large', 'weights', weights);
    }
    for (const [name, { output, momentum }] of training.statistics) {
      const running = this.statistics.get(name)!;
      for (let i = 0; i < running.length; i++) {
        const batch = reported.reduce((sum, values) => sum + values[output]![i]!, 0) / count;
        running[i] = running[i]! * momentum + batch * (1 - momentum);
      }
    }
    this.steps++;
    const metrics = Object.fromEntries(Object.entries(training.metrics).map(([name, output]) => [name, mean(output)]));
    return { loss, metrics, gradientNorm };
  }

  /** Names the parameters whose part of `vector` is not finite. */
  private diverged(why: string, what: string, vector: Float32Array): LutraError {
    const bad = this.parts.slices.filter((slice) => !Number.isFinite(squares(vector, slice))).map(({ name }) => name);
    const where = bad.length ? `; ${what}: ${bad.slice(0, 5).join(', ')}${bad.length > 5 ? ', …' : ''}` : '';
    return new LutraError('DIVERGED', `the training diverged at step ${this.steps + 1}: ${why}${where}`, {
      hint: 'Lower the learning rate, or check the data for NaN',
    });
  }

  parameters(): Map<string, TensorValue> {
    const { slices, weights, network } = this.parts;
    const values = new Map<string, TensorValue>();
    for (const slice of slices) values.set(slice.name, readSlice(weights, slice));
    for (const [name, data] of this.statistics) {
      values.set(name, { type: 'float32', dims: network.graph.initializers.get(name)!.dims, data: data.slice() });
    }
    return values;
  }

  state(): TrainingState {
    const moments = new Map<string, TensorValue>();
    for (const [moment, vector] of Object.entries(this.parts.optimizer.moments)) {
      for (const slice of this.parts.slices) moments.set(`${moment}/${slice.name}`, readSlice(vector, slice));
    }
    return { step: this.steps, values: this.parameters(), moments };
  }

  load(state: TrainingState): void {
    const { slices, weights, optimizer, network } = this.parts;
    // Everything is checked before anything is written.
    const writes: (() => void)[] = [];
    const stage = (target: Float32Array, at: number, source: Float32Array) => {
      writes.push(() => target.set(source, at));
    };
    for (const { name, dims, start } of slices) stage(weights, start, floatsOf(state.values, name, dims));
    for (const [name, data] of this.statistics) {
      stage(data, 0, floatsOf(state.values, name, network.graph.initializers.get(name)!.dims));
    }
    for (const [moment, vector] of Object.entries(optimizer.moments)) {
      for (const { name, dims, start } of slices)
        stage(vector, start, floatsOf(state.moments, `${moment}/${name}`, dims));
    }
    const extra = [...state.values.keys()].find((name) => !this.statistics.has(name) && !network.parameters.has(name));
    if (extra !== undefined || !Number.isInteger(state.step) || state.step < 0) {
      throw new LutraError('INVALID_ARGUMENT', 'the state does not fit the network', {
        expected: 'its parameters and a number of steps',
        actual: extra === undefined ? `step ${state.step}` : `"${extra}"`,
      });
    }
    for (const write of writes) write();
    this.steps = state.step;
  }

  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    await Promise.all(this.parts.shards.map((shard) => shard.release()));
  }
}

/** The mean of the first vectors, in the first of them. */
function averaged(vectors: readonly Float32Array[], count: number): Float32Array {
  const total = vectors[0]!;
  for (const part of vectors.slice(1, count)) {
    for (let i = 0; i < total.length; i++) total[i]! += part[i]!;
  }
  const share = 1 / count;
  if (count > 1) for (let i = 0; i < total.length; i++) total[i]! *= share;
  return total;
}

function squares(vector: Float32Array, { start, end }: Slice): number {
  let sum = 0;
  for (let i = start; i < end; i++) sum += vector[i]! ** 2;
  return sum;
}
