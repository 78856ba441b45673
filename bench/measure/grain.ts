const READINGS = 50;

/** Least difference between two readings of this thread's clock, in milliseconds: how fine it is. */
export function timerGrain(): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < READINGS; i++) {
    const start = performance.now();
    let now = start;
    while (now === start) now = performance.now();
    least = Math.min(least, now - start);
  }
  return least;
}
