import { CONTROL } from '../engine/control.js';
import { ExecutorCore } from '../engine/core.js';
import type { MemoryUse, StepProfile } from '../engine/types.js';
import type { Kernels } from '../engine/wasm.js';
import type { WorkerHandle } from '../engine/worker-handle.js';
import { LutraError } from '../errors.js';
import type { TensorValue, ValueInfo } from '../graph/types.js';
import { type ExpandCalls, importModel } from '../onnx/import.js';
import type { Runtime } from '../plan/runtime.js';
import type { CreateOptions, SessionInfo } from './types.js';

export interface OpenOptions extends Pick<CreateOptions, 'threads' | 'dimensions'> {
  /** There is no other worker: a model that this one may run stays. */
  readonly stay?: boolean;
}

/** Facts about a session that is open. */
export interface SessionFacts {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly info: Pick<SessionInfo, 'threads' | 'wasm'>;
  /** The executor's control words, where memory can be shared: see {@link CONTROL}. */
  readonly control: Int32Array | undefined;
}

/** Operators of a model, as `domain:Operator`, that the runtime lacks. */
export interface MissingOperators {
  readonly missing: readonly string[];
}

export type Values = Readonly<Record<string, TensorValue>>;

/** Whether an input may hold a shape or a length. */
function mayBeSize({ type, dims }: ValueInfo): boolean {
  return dims !== undefined && dims.length < 2 && type.includes('int');
}

/** Runs one network on the thread that creates it. */
export class Service {
  #executor: ExecutorCore | undefined;

  /** @param expand Given where the runtime is complete, too: nothing is left to another worker. */
  constructor(
    private readonly runtime: Runtime,
    private readonly expand?: ExpandCalls,
  ) {}

  /**
   * Parses, optimizes and plans the model. A worker without all operators instead names the operators and functions that it lacks.
   *
   * @param spawn Starts a helper thread.
   */
  async open(
    bytes: Uint8Array,
    kernels: Kernels,
    options: OpenOptions,
    spawn: () => WorkerHandle,
  ): Promise<SessionFacts | MissingOperators> {
    const missing: string[] = [];
    const leaveCalls: ExpandCalls = (functions, graph) => {
      missing.push(...functions.map(({ domain, name }) => `${domain}:${name}`));
      return graph.node;
    };
    const model = importModel(bytes, this.expand ?? leaveCalls);
    const lacking = this.expand ? [] : model.nodes.filter((node) => !this.runtime.operators.of(node, model.opset));
    missing.push(...lacking.map(({ domain, op }) => `${domain}:${op}`));
    if (!this.runtime.late && !options.stay && model.inputs.some(mayBeSize)) missing.push('late planning');
    if (missing.length > 0) return { missing: [...new Set(missing)] };
    const executor = await ExecutorCore.start(model, this.runtime, kernels, { ...options, spawn });
    this.#executor = executor;
    const shared = typeof SharedArrayBuffer === 'function' && executor.control.buffer instanceof SharedArrayBuffer;
    return {
      inputs: model.inputs,
      outputs: model.outputs,
      metadata: model.metadata,
      info: { threads: executor.threads, wasm: kernels.variant },
      control: shared ? executor.control : undefined,
    };
  }

  /** @param sliced Whether to run in slices, so that the message for {@link stop} can arrive in between. */
  async run(feeds: Values, run: number, sliced: boolean, fetches: readonly string[]): Promise<Values> {
    const executor = this.#opened();
    return sliced ? executor.runSliced(feeds, run, fetches) : executor.run(feeds, run, fetches);
  }

  stop(run: number): void {
    Atomics.store(this.#opened().control, CONTROL.stop, run);
  }

  profile(feeds: Values): StepProfile[] {
    return this.#opened().profile(feeds);
  }

  time(feeds: Values, runs: number): number[] {
    const executor = this.#opened();
    return Array.from({ length: runs }, () => {
      const start = performance.now();
      executor.run(feeds);
      return performance.now() - start;
    });
  }

  memory(): MemoryUse {
    return this.#opened().memory();
  }

  close(): void {
    this.#executor?.dispose();
    this.#executor = undefined;
  }

  #opened(): ExecutorCore {
    if (!this.#executor) throw new LutraError('RELEASED', 'the session is not open');
    return this.#executor;
  }
}
