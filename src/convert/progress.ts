import { LutraError } from '../errors.js';

/** Called now and then inside long loops with the fraction done. Lets other work of the thread run, and rejects to stop the loop. */
export type Progress = (fraction: number) => void | Promise<void>;

/** Longest time between two turns of the event loop, so that an abort or a message is seen. */
const TURN_MILLISECONDS = 100;

/**
 * Progress that yields to the event loop about ten times a second.
 * @throws LutraError `ABORTED` once `signal` has fired
 */
export function createProgress(signal: AbortSignal | undefined, report?: (fraction: number) => void): Progress {
  let last = performance.now();
  return (fraction) => {
    if (signal?.aborted) throw aborted(signal);
    const now = performance.now();
    if (now - last < TURN_MILLISECONDS) return;
    last = now;
    report?.(fraction);
    return new Promise<void>((resolve, reject) => {
      setTimeout(() => (signal?.aborted ? reject(aborted(signal)) : resolve()), 0);
    });
  };
}

function aborted(signal: AbortSignal): LutraError {
  return new LutraError('ABORTED', 'the conversion was stopped', { cause: signal.reason });
}
