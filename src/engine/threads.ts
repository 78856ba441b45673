import * as Comlink from 'comlink';
import type { Step } from '../plan/types.js';
import { CONTROL, publish, waitWhile } from './control.js';
import { Machine, type MachineStep } from './machine.js';

/** A worker, whatever the platform. */
export interface WorkerHandle {
  readonly endpoint: Comlink.Endpoint;
  terminate(): void;
  /** Calls `listener` when the worker could not start or died. */
  onFailure(listener: (reason: unknown) => void): void;
  /** In Node: whether the worker keeps the process alive. */
  keepAlive(on: boolean): void;
}

/** What a helper needs to walk a plan. Posted once per plan. */
export interface HelperTask {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly steps: readonly MachineStep[];
  readonly control: Int32Array;
  readonly thread: number;
  readonly threads: number;
  /** Number of the plan. */
  readonly plan: number;
}

/** The Comlink surface of a helper thread. */
export interface HelperApi {
  ping(): void;
  /** Takes parts of steps as long as there are any; returns when another plan is coming. */
  help(task: HelperTask): void;
}

export const helperApi: HelperApi = {
  ping() {},
  help({ module, memory, steps, control, thread, threads, plan }) {
    const machine = new Machine(module, memory, steps, control, thread, threads);
    Atomics.store(control, CONTROL.loaded + thread, plan);
    for (;;) {
      const ticket = Atomics.load(control, CONTROL.ticket);
      if (ticket < 0 && ticket !== -plan) return;
      if (ticket < 0 || !machine.takePart(ticket)) waitWhile(control, CONTROL.ticket, ticket);
    }
  },
};

/** Helpers that have not answered by then do not count: a load must not hang on a browser that does not start them. */
const START_MILLISECONDS = 8_000;

interface Helper {
  readonly handle: WorkerHandle;
  /** Kept as long as the worker: Comlink closes the other end when its proxy is collected. */
  readonly api: Comlink.Remote<HelperApi>;
}

/** Helper threads of one executor. */
export class HelperPool {
  /** Number of the current plan. */
  #plan = 0;
  /** A helper died: whoever waited for it would wait for ever. */
  #broken = false;

  private constructor(
    private readonly helpers: readonly Helper[],
    private readonly control: Int32Array,
  ) {}

  /**
   * Starts `count` helpers.
   *
   * @returns undefined when one of them could not be started: the executor then runs alone.
   */
  static async start(count: number, control: Int32Array, spawn: () => WorkerHandle): Promise<HelperPool | undefined> {
    const helpers: Helper[] = [];
    let limit: ReturnType<typeof setTimeout> | undefined;
    try {
      for (let i = 0; i < count; i++) {
        const handle = spawn();
        helpers.push({ handle, api: Comlink.wrap<HelperApi>(handle.endpoint) });
      }
      await new Promise<unknown>((resolve, reject) => {
        limit = setTimeout(reject, START_MILLISECONDS);
        for (const { handle } of helpers) handle.onFailure(reject);
        Promise.all(helpers.map(({ api }) => api.ping())).then(resolve, reject);
      });
    } catch {
      for (const { handle } of helpers) handle.terminate();
      return undefined;
    } finally {
      clearTimeout(limit);
    }
    const pool = new HelperPool(helpers, control);
    for (const { handle } of helpers) {
      handle.keepAlive(false);
      handle.onFailure(() => {
        pool.#broken = true;
      });
    }
    return pool;
  }

  /** Makes every helper leave its present plan and take up another. */
  load(module: WebAssembly.Module, memory: WebAssembly.Memory, steps: readonly Step[]): void {
    publish(this.control, -++this.#plan);
    const shared = steps.map(
      (step): MachineStep =>
        step.kind === 'kernel'
          ? { kind: 'kernel', kernel: step.kernel, params: step.params, tiles: step.tiles }
          : { kind: 'elsewhere' },
    );
    this.helpers.forEach(({ api }, index) => {
      const task = {
        module,
        memory,
        steps: shared,
        control: this.control,
        thread: index + 1,
        threads: this.helpers.length + 1,
        plan: this.#plan,
      };
      api.help(task).catch(() => {
        this.#broken = true;
      });
    });
  }

  /** All helpers have loaded the plan and wait for a run. */
  get ready(): boolean {
    return (
      !this.#broken &&
      this.helpers.every((_, index) => Atomics.load(this.control, CONTROL.loaded + index + 1) === this.#plan)
    );
  }

  /** Resolves when {@link ready}, or after a few seconds: runs then go without helpers until it is. */
  async untilReady(): Promise<void> {
    for (let wait = 0; wait < 500 && !this.ready && !this.#broken; wait++)
      await new Promise((resolve) => setTimeout(resolve, wait / 10));
  }

  terminate(): void {
    for (const { handle } of this.helpers) handle.terminate();
  }
}
