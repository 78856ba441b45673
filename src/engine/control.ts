/**
 * Words of the Int32Array through which threads and the page talk to a running executor.
 * It lies in shared memory where that exists.
 */
export const CONTROL = {
  /** What there is to do: see {@link firstTicket}, or, when negative, minus the number of the plan to take up. */
  ticket: 0,
  /** Parts of the present step that are done. */
  done: 1,
  /** Number of the run that is under way. */
  run: 2,
  /** Number of the run that shall stop: its remaining steps are skipped. */
  stop: 3,
  /** Number of a run in which a step failed. */
  failed: 4,
  /** From here one word per helper: the number of the plan that it has loaded. */
  loaded: 5,
} as const;
export const MAX_THREADS = 64;
const CONTROL_WORDS = CONTROL.loaded + MAX_THREADS;

/** Parts per thread into which a step is cut. */
const PARTS = 4;
/** Bits of a ticket that count parts. */
const PART_BITS = 10;

/** A part usually ends within some ten microseconds, which is what so many looks take; sleeping and waking costs more. */
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

/** Into how many parts the tiles of a step are cut. */
export function partCount(tiles: number, threads: number): number {
  return Math.min(tiles, PARTS * threads);
}

/**
 * A ticket is a step and the number of its first part that nobody has taken.
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

/** Wakes the helpers that sleep; those that find no ticket before long fall asleep again. */
export function wake(control: Int32Array): void {
  Atomics.notify(control, CONTROL.ticket);
}

/**
 * Waits until the word at `index` is no longer `value`.
 *
 * @param bounded Gives up after some seconds.
 * @returns false when it gave up.
 */
export function waitWhile(control: Int32Array, index: number, value: number, bounded = false): boolean {
  for (let waits = 0; ; waits++) {
    for (let spin = 0; spin < SPINS; spin++) if (Atomics.load(control, index) !== value) return true;
    if (bounded && waits === MOST_WAITS) return false;
    Atomics.wait(control, index, value, bounded ? WAIT : undefined);
  }
}
