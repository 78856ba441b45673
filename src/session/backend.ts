import type { MemoryUse, StepProfile } from '../engine/types.js';
import type { Kernels } from '../engine/wasm.js';
import type { OpenOptions, SessionFacts, Values } from './service.js';

/** Where a session's work is done: in a worker or on the calling thread. */
export interface Backend {
  readonly worker: boolean;
  /** `bytes` are moved: the caller's view is empty afterwards. */
  open(bytes: Uint8Array<ArrayBuffer>, kernels: Kernels, options: OpenOptions): Promise<SessionFacts>;
  /**
   * Moves `feeds`, too.
   *
   * @param stoppable A signal may call {@link stop} during the run.
   */
  run(feeds: Values, run: number, stoppable: boolean): Promise<Values>;
  stop(run: number): void;
  /** Moves `feeds`, too. */
  profile(feeds: Values): Promise<StepProfile[]>;
  /** Milliseconds of each of so many runs. Moves `feeds`, too. */
  time(feeds: Values, runs: number): Promise<number[]>;
  memory(): Promise<MemoryUse>;
  /** Ends everything at once; calls that are under way never settle. */
  terminate(): void;
  /** In Node: whether open work keeps the process alive. */
  keepAlive(on: boolean): void;
  /** Rejects when the place of work dies. Never resolves. */
  readonly failure: Promise<never>;
}
