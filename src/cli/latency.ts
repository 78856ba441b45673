/** Runs that are not counted: compilers tier up, caches fill. */
const WARM_UP_SHARE = 0.2;
const MIN_WARM_UP = 3;
/** Longest time between two reports of progress, unless one run takes longer. */
const CHUNK_MILLISECONDS = 200;
const MAX_CHUNK = 1000;

/** Nearest-rank percentile of sorted values. */
export function percentile(sorted: readonly number[], p: number): number {
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)]!;
}

/**
 * Milliseconds over `repeat` runs after a warm-up. `min` is the run that was disturbed least.
 *
 * @param time Returns the milliseconds of each run, as `InferenceSession.time` returns them.
 * @param onProgress Share of the runs that are done, 0..1.
 */
export async function measure(
  time: (runs: number) => Promise<readonly number[]>,
  repeat: number,
  onProgress: (share: number) => void,
) {
  const warmUp = Math.max(MIN_WARM_UP, Math.ceil(repeat * WARM_UP_SHARE));
  const times: number[] = [];
  let chunk = 1;
  while (times.length < warmUp + repeat) {
    const chunkTimes = await time(Math.min(chunk, warmUp + repeat - times.length));
    times.push(...chunkTimes);
    onProgress(times.length / (warmUp + repeat));
    const spent = chunkTimes.reduce((a, b) => a + b, 0);
    if (spent < CHUNK_MILLISECONDS / 2) chunk = Math.min(chunk * 2, MAX_CHUNK);
  }
  times.splice(0, warmUp);
  times.sort((a, b) => a - b);
  const mean = times.reduce((a, b) => a + b, 0) / repeat;
  return { runs: repeat, min: times[0]!, p50: percentile(times, 50), p90: percentile(times, 90), mean };
}

export type Latency = Awaited<ReturnType<typeof measure>>;
