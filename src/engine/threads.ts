import { type Remote, wrap } from '../comlink.js';
import type { Step } from '../plan/types.js';
import { CONTROL, publish, waitWhile } from './control.js';
import { Machine, type MachineStep } from './machine.js';
import { answers, type WorkerHandle } from './worker-handle.js';

/** What a helper needs to run its parts of a plan. Posted once per plan. */
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
  /** Takes parts of steps, and waits for more. Returns when the next plan is about to come. */
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

interface Helper {
  readonly handle: WorkerHandle;
  /** Kept as long as the worker lives: Comlink closes the other end when the proxy is garbage-collected. */
  readonly api: Remote<HelperApi>;
}

/** Helper threads of one executor. */
export class HelperPool {
  /** Number of the current plan. */
  #plan = 0;
  /** A helper died. Nobody may wait for it. */
  #broken = false;

  private constructor(
    private readonly helpers: readonly Helper[],
    private readonly control: Int32Array,
  ) {}

  /**
   * Starts `count` helpers.
   *
   * @returns undefined when one of them could not be started: the executor then runs with one thread.
   */
  static async start(count: number, control: Int32Array, spawn: () => WorkerHandle): Promise<HelperPool | undefined> {
    const helpers: Helper[] = [];
    let started: readonly boolean[] = [false];
    try {
      for (let i = 0; i < count; i++) {
        const handle = spawn();
        helpers.push({ handle, api: wrap<HelperApi>(handle.endpoint) });
      }
      started = await Promise.all(helpers.map(({ handle, api }) => handle.answered ?? answers(handle, api)));
    } catch {
      // A worker that cannot be constructed is like one that does not answer.
    }
    const pool = new HelperPool(helpers, control);
    if (started.includes(false)) {
      pool.terminate();
      return undefined;
    }
    for (const { handle } of helpers) {
      handle.onFailure(() => {
        pool.#broken = true;
      });
    }
    return pool;
  }

  /** Makes every helper leave its present plan and load another. */
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

  /** Resolves when {@link ready}, or after some seconds. Runs use one thread until the helpers are ready. */
  async untilReady(): Promise<void> {
    for (let wait = 0; wait < 500 && !this.ready && !this.#broken; wait++)
      await new Promise((resolve) => setTimeout(resolve, wait / 10));
  }

  terminate(): void {
    for (const { handle } of this.helpers) handle.terminate();
  }
}
