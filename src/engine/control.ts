/**
 * Words of the Int32Array through which threads and the page talk to a running executor.
 * It lies in shared memory where that exists.
 */
export const CONTROL = {
  /** Counts commands; helpers wait for it to change. */
  epoch: 0,
  /** What the latest command is: {@link COMMAND}. */
  command: 1,
  /** Threads that arrived at the barrier, and how often it has opened. */
  arrived: 2,
  generation: 3,
  /** Number of the run that is under way. */
  run: 4,
  /** Number of the run that shall stop: its remaining steps are skipped. */
  stop: 5,
  /** Number of a run in which a step failed. */
  failed: 6,
  /** Tiles of the present step that a thread has taken; 0 again when the barrier opens. */
  taken: 7,
  /** From here one word per helper: the epoch of the plan that it has loaded. */
  loaded: 8,
} as const;
export const MAX_THREADS = 64;
const CONTROL_WORDS = CONTROL.loaded + MAX_THREADS;

export const COMMAND = { run: 1, leave: 2 } as const;

/** A barrier usually opens within some ten microseconds, which is what so many looks take; sleeping and waking costs more. */
const SPINS = 20_000;
/**
 * Who waits for threads that may have died looks up every so many milliseconds, so many times. Times in which the whole machine
 * sleeps count once.
 */
const WAIT = 100;
const MOST_WAITS = 100;

export function createControl(shared: boolean): Int32Array {
  const bytes = CONTROL_WORDS * Int32Array.BYTES_PER_ELEMENT;
  return new Int32Array(shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
}

/**
 * Waits until the word at `index` is no longer `value`.
 *
 * @param bounded Gives up after some seconds.
 * @returns false when it gave up.
 */
export function waitWhile(control: Int32Array, index: number, value: number, bounded = false): boolean {
  for (let spin = 0; spin < SPINS; spin++) if (Atomics.load(control, index) !== value) return true;
  for (let waits = 0; Atomics.load(control, index) === value; waits++) {
    if (bounded && waits === MOST_WAITS) return false;
    Atomics.wait(control, index, value, bounded ? WAIT : undefined);
  }
  return true;
}

/** Waits until `threads` threads have called it. Parameters and result as of {@link waitWhile}. */
export function barrier(control: Int32Array, threads: number, bounded: boolean): boolean {
  const generation = Atomics.load(control, CONTROL.generation);
  if (Atomics.add(control, CONTROL.arrived, 1) + 1 === threads) {
    Atomics.store(control, CONTROL.arrived, 0);
    Atomics.store(control, CONTROL.taken, 0);
    Atomics.add(control, CONTROL.generation, 1);
    Atomics.notify(control, CONTROL.generation);
    return true;
  }
  return waitWhile(control, CONTROL.generation, generation, bounded);
}

/** Hands a command to all helpers. */
export function command(control: Int32Array, value: number): void {
  Atomics.store(control, CONTROL.command, value);
  Atomics.add(control, CONTROL.epoch, 1);
  Atomics.notify(control, CONTROL.epoch);
}
