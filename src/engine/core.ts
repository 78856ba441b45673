import { LutraError } from '../errors.js';
import { declaredInputs } from '../graph/passes/infer-types.js';
import { optimize } from '../graph/passes/optimize.js';
import { formatType } from '../graph/tensor.js';
import type { Graph, TensorType, TensorValue } from '../graph/types.js';
import { typesOf } from '../plan/bind.js';
import { plan } from '../plan/plan.js';
import type { Runtime } from '../plan/runtime.js';
import type { InputTypes, Plan } from '../plan/types.js';
import { CONTROL, createControl } from './control.js';
import { canWait, threadCount } from './features.js';
import type { checkFeeds } from './feeds.js';
import { LostHelper, Machine } from './machine.js';
import { createMemory } from './memory.js';
import { HelperPool } from './threads.js';
import type { MemoryUse, StepProfile } from './types.js';
import type { Kernels } from './wasm.js';
import type { WorkerHandle } from './worker-handle.js';

export interface CoreOptions {
  /** Default 1. More need {@link spawn} and memory that can be shared; otherwise 1. */
  readonly threads?: number | 'auto';
  /** Sizes of symbolic input dimensions for the first plan; missing ones are 1. */
  readonly dimensions?: Readonly<Record<string, number>>;
  /** Checks the feeds of every run. A session does without: it checks them on the page's thread. */
  readonly check?: typeof checkFeeds;
  /** Starts a worker that serves `helperApi`. */
  readonly spawn?: () => WorkerHandle;
}

/** Milliseconds after which a sliced run lets other tasks in. */
const SLICE = 8;

/**
 * Runs one graph on the calling thread (and helpers). Synchronous: a page runs it in a worker.
 * Feeds of other shapes than the last make it plan again.
 */
export class ExecutorCore {
  /** Shared with the code that stops a run: see {@link CONTROL}. */
  readonly control: Int32Array;
  #machine: Machine | undefined;
  #plan: Plan | undefined;
  #memory: WebAssembly.Memory | undefined;
  #planned = '';
  /** The network as declared cannot be planned as a whole. */
  #late = false;
  /** Inputs whose values the plan depends on. */
  #deciding: readonly string[] | undefined;
  #helpers: HelperPool | undefined;
  #disposed = false;

  private constructor(
    private readonly graph: Graph,
    private readonly runtime: Runtime,
    readonly kernels: Kernels,
    helpers: HelperPool | undefined,
    control: Int32Array,
    /** Threads that work on a run. */
    readonly threads: number,
    private readonly check: typeof checkFeeds | undefined,
  ) {
    this.control = control;
    this.#helpers = helpers;
  }

  /**
   * Starts helpers, optimizes the model and plans for the declared input shapes (symbolic dimensions as in `dimensions`).
   *
   * @throws LutraError `UNSUPPORTED`, `INVALID_MODEL`, `INVALID_ARGUMENT`, `OUT_OF_MEMORY`.
   */
  static async start(
    model: Graph,
    runtime: Runtime,
    kernels: Kernels,
    options: CoreOptions = {},
  ): Promise<ExecutorCore> {
    const { spawn, check, dimensions = {} } = options;
    const count = threadCount(options.threads ?? 1);
    const control = createControl(typeof SharedArrayBuffer === 'function');
    const helpers =
      count > 1 && spawn && kernels.shared && canWait() ? await HelperPool.start(count - 1, control, spawn) : undefined;
    try {
      const graph = optimize(model, runtime);
      const executor = new ExecutorCore(graph, runtime, kernels, helpers, control, helpers ? count : 1, check);
      executor.#planDeclared(dimensions);
      await helpers?.untilReady();
      return executor;
    } catch (thrown) {
      helpers?.terminate();
      throw thrown;
    }
  }

  /** Plans for the declared shapes; leaves it to the first run where these do not say enough. */
  #planDeclared(dimensions: Readonly<Record<string, number>>): void {
    let guessed = false;
    const types = declaredInputs(this.graph, (dim) => {
      guessed ||= !Object.hasOwn(dimensions, dim);
      return Object.hasOwn(dimensions, dim) ? dimensions[dim]! : 1;
    });
    if (types.size < this.graph.inputs.length) return;
    try {
      this.#prepare(Object.fromEntries(types));
    } catch (thrown) {
      const error = LutraError.from(thrown);
      const { late, operators } = this.runtime;
      const waits = late
        ? late.canWait(this.graph, operators, Object.fromEntries(types), guessed, error)
        : guessed && error.code === 'INVALID_MODEL';
      if (!waits) throw thrown;
      this.#late = true;
    }
  }

  /** @param fetches outputs wanted; the others count only where the network can be planned as a whole */
  #prepareFor(
    feeds: Readonly<Record<string, TensorValue>>,
    fetches: readonly string[] | undefined,
  ): { machine: Machine; plan: Plan } {
    const { late, operators } = this.runtime;
    let { graph } = this;
    if (this.#late) {
      const outputs = graph.outputs.filter(({ name }) => fetches?.includes(name));
      if (outputs.length > 0) graph = { ...graph, outputs };
    }
    try {
      // The inputs that decided the last plan decide this one, too: with the values of before, nothing is planned.
      return this.#prepare(typesOf(feeds, this.#deciding), graph);
    } catch (thrown) {
      this.#deciding = late?.decide(graph, operators, feeds);
      if (!this.#deciding) throw thrown;
      return this.#prepare(typesOf(feeds, this.#deciding), graph);
    }
  }

  #prepare(types: InputTypes, graph = this.graph): { machine: Machine; plan: Plan } {
    if (this.#disposed) throw new LutraError('RELEASED', 'the session was released');
    const key = [...graph.inputs, ...graph.outputs].map(({ name }) => planKey(types[name]) ?? name).join(' ');
    if (!this.#machine || !this.#plan || key !== this.#planned) {
      const next = plan(graph, this.runtime, types, { threads: this.threads });
      // The old memory may go before the new one comes.
      this.#machine = undefined;
      this.#memory = undefined;
      const memory = createMemory(next.memoryBytes, this.kernels.shared);
      const { kernels, runtime, control, threads } = this;
      const machine = new Machine(kernels.module, memory, next.steps, control, 0, threads, runtime.operators);
      machine.load(next);
      this.#helpers?.load(this.kernels.module, memory, next.steps);
      this.#memory = memory;
      this.#machine = machine;
      this.#plan = { ...next, constants: [] };
      this.#planned = key;
    }
    return { machine: this.#machine, plan: this.#plan };
  }

  /** The current plan without its constants, for `inspect`; undefined before the first. */
  get plan(): Plan | undefined {
    return this.#plan;
  }

  /**
   * Runs the graph.
   *
   * @param run Number by which {@link CONTROL.stop} can stop this run; different from that of the run before.
   * @param fetches Names of the outputs wanted. Others may be left out.
   * @returns The graph outputs, in memory of their own.
   * @throws LutraError `INVALID_ARGUMENT` for wrong feeds, `ABORTED`, `RELEASED`, and what planning throws.
   */
  run(
    feeds: Readonly<Record<string, TensorValue>>,
    run = this.#nextRun(),
    fetches?: readonly string[],
  ): Record<string, TensorValue> {
    const { machine, plan } = this.#begin(feeds, run, fetches);
    this.#walk(machine);
    return this.#finish(machine, plan);
  }

  /** Like {@link run}, but returns to the event loop every few milliseconds so that a message can stop it. One thread. */
  async runSliced(
    feeds: Readonly<Record<string, TensorValue>>,
    run: number,
    fetches?: readonly string[],
  ): Promise<Record<string, TensorValue>> {
    const { machine, plan } = this.#begin(feeds, run, fetches);
    for (let step = 0; step < plan.steps.length; ) {
      step = machine.walk(step, false, performance.now() + SLICE);
      await nextTask();
    }
    return this.#finish(machine, plan);
  }

  /** Runs once more with `feeds` after a warm-up and returns the time of every step. */
  profile(feeds: Readonly<Record<string, TensorValue>>): StepProfile[] {
    this.run(feeds);
    const { machine, plan } = this.#begin(feeds, this.#nextRun());
    const times = new Float64Array(plan.steps.length + 1);
    this.#walk(machine, times);
    return plan.steps.map((step, index) => ({
      node: step.node,
      op: step.op,
      kernel: step.kind === 'kernel' ? step.kernel : 'host',
      milliseconds: times[index + 1]! - times[index]!,
    }));
  }

  memory(): MemoryUse {
    const usage = this.#plan?.usage ?? { constants: 0, persistent: 0, arena: 0, scratch: 0 };
    return { total: this.#memory?.buffer.byteLength ?? 0, ...usage };
  }

  /** Stops the helpers and drops the memory. */
  dispose(): void {
    this.#disposed = true;
    this.#helpers?.terminate();
    this.#machine = undefined;
    this.#memory = undefined;
    this.#plan = undefined;
  }

  #nextRun(): number {
    return Atomics.load(this.control, CONTROL.run) + 1;
  }

  #begin(
    feeds: Readonly<Record<string, TensorValue>>,
    run: number,
    fetches?: readonly string[],
  ): { machine: Machine; plan: Plan } {
    this.check?.(this.graph.inputs, feeds);
    const prepared = this.#prepareFor(feeds, fetches);
    const { machine, plan } = prepared;
    for (const input of plan.inputs) {
      const { data } = machine.view(input);
      (data as Uint8Array).set(feeds[input.name]!.data as Uint8Array);
    }
    Atomics.store(this.control, CONTROL.run, run);
    return prepared;
  }

  #walk(machine: Machine, times?: Float64Array): void {
    try {
      machine.walk(0, this.#helpers?.ready ?? false, Number.POSITIVE_INFINITY, times);
    } catch (thrown) {
      if (thrown instanceof LostHelper) this.#loseHelpers();
      throw thrown;
    }
  }

  /** A helper that was only slow may still write to the memory, so the next run gets another. */
  #loseHelpers(): void {
    this.#helpers?.terminate();
    this.#helpers = undefined;
    this.#machine = undefined;
    this.#memory = undefined;
  }

  #finish(machine: Machine, plan: Plan): Record<string, TensorValue> {
    const run = Atomics.load(this.control, CONTROL.run);
    if (Atomics.load(this.control, CONTROL.failed) === run) {
      throw new LutraError('INTERNAL', 'a kernel failed in a helper thread');
    }
    if (this.#disposed) throw new LutraError('RELEASED', 'the session was released');
    if (Atomics.load(this.control, CONTROL.stop) === run) throw new LutraError('ABORTED', 'the run was aborted');
    return Object.fromEntries(
      plan.outputs.map((output) => {
        const { type, dims, data } = machine.view(output);
        return [output.name, { type, dims, data: (data as Uint8Array).slice() }];
      }),
    );
  }
}

/** What a plan depends on of one input. */
function planKey(type: TensorType | TensorValue | undefined): string | undefined {
  return type && formatType(type) + ('data' in type ? `=${type.data}` : '');
}

/** Resolves in a new task of the event loop, so that messages that wait are delivered first. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
