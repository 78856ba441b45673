/** Indices into the Int32Array that the threads of an executor and the page share. It lies in shared memory where that exists. */
export const CONTROL = {
  /** The next part to run: see {@link firstTicket}. A negative value −n tells the helpers to load plan n. */
  ticket: 0,
  /** How many parts of the current step are done. */
  done: 1,
  /** Number of the current run. */
  run: 2,
  /** Number of the run that must stop. Its remaining steps are skipped. */
  stop: 3,
  /** Number of a run in which a step failed. */
  failed: 4,
  /** From here on one word per helper: the number of the plan that it has loaded. */
  loaded: 5,
} as const;
export const MAX_THREADS = 64;
const CONTROL_WORDS = CONTROL.loaded + MAX_THREADS;

/** Parts per thread into which a step is cut. */
const PARTS = 4;
/** Bits of a ticket that count parts. */
const PART_BITS = 10;

/**
 * How often a thread checks before it sleeps. The checks take some tens of microseconds, and a part usually ends in that time. Sleeping
 * and waking takes longer.
 */
const SPINS = 20_000;
/**
 * A bounded wait is for threads that may have died. It checks every `WAIT_MILLISECONDS`, at most `MAX_WAITS` times. Checks are counted
 * instead of time, so that a wait goes on after the whole machine has slept.
 */
const WAIT_MILLISECONDS = 100;
const MAX_WAITS = 100;

export function createControl(shared: boolean): Int32Array {
  const bytes = CONTROL_WORDS * Int32Array.BYTES_PER_ELEMENT;
  return new Int32Array(shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
}

/** Into how many parts the tiles of a step are cut. */
export function partCount(tiles: number, threads: number): number {
  return Math.min(tiles, PARTS * threads);
}

/**
 * A ticket holds a step and the number of its first part that no thread has taken.
 *
 *     31  30 ........ 10  9 ...... 0
 *      0  step            part
 */
export const firstTicket = (step: number): number => step << PART_BITS;
export const stepOf = (ticket: number): number => ticket >> PART_BITS;
export const partOf = (ticket: number): number => ticket & ((1 << PART_BITS) - 1);

/** Replaces the ticket and wakes the helpers that sleep. */
export function publish(control: Int32Array, value: number): void {
  Atomics.store(control, CONTROL.ticket, value);
  wake(control);
}

/** Wakes the helpers that sleep. Helpers that find no ticket soon fall asleep again. */
export function wake(control: Int32Array): void {
  Atomics.notify(control, CONTROL.ticket);
}

/**
 * Waits until the word at `index` is no longer `value`.
 *
 * @param bounded Whether to give up after some seconds.
 * @returns false when it gave up.
 */
export function waitWhile(control: Int32Array, index: number, value: number, bounded = false): boolean {
  for (let waits = 0; ; waits++) {
    for (let spin = 0; spin < SPINS; spin++) if (Atomics.load(control, index) !== value) return true;
    if (bounded && waits === MAX_WAITS) return false;
    Atomics.wait(control, index, value, bounded ? WAIT_MILLISECONDS : undefined);
  }
}
