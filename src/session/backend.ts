import type { MemoryUse, StepProfile } from '../engine/types.js';
import type { Kernels } from '../engine/wasm.js';
import type { OpenOptions, SessionFacts, Values } from './service.js';

/** Does the work of a session, in a worker or on the calling thread. */
export interface Backend {
  readonly worker: boolean;
  /** Moves `bytes`: the caller's array is empty afterwards. */
  open(bytes: Uint8Array<ArrayBuffer>, kernels: Kernels, options: OpenOptions): Promise<SessionFacts>;
  /**
   * Moves `feeds`, too.
   *
   * @param stoppable Whether {@link stop} may be called during the run.
   * @param fetches Names of the outputs wanted.
   */
  run(feeds: Values, run: number, stoppable: boolean, fetches: readonly string[]): Promise<Values>;
  stop(run: number): void;
  /** Moves `feeds`, too. */
  profile(feeds: Values): Promise<StepProfile[]>;
  /** Milliseconds of each of `runs` runs. Moves `feeds`, too. */
  time(feeds: Values, runs: number): Promise<number[]>;
  memory(): Promise<MemoryUse>;
  /** Ends everything at once. Calls that wait for an answer never settle. */
  terminate(): void;
  /** In Node: whether the worker keeps the process alive. */
  keepAlive(on: boolean): void;
  /** Rejects when the worker fails or dies. Never resolves. */
  readonly failure: Promise<never>;
}
