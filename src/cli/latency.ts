/** Milliseconds over repeated runs. */
export interface Latency {
  readonly runs: number;
  /** The run that was disturbed least. */
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly mean: number;
}

/** Runs that are not counted: compilers tier up, caches fill. */
const WARM_UP_SHARE = 0.2;
const MIN_WARM_UP = 3;

/** Nearest-rank percentile of sorted values. */
export function percentile(sorted: readonly number[], p: number): number {
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)]!;
}

/** Times `run` after a warm-up. */
export async function measure(
  run: () => Promise<unknown>,
  repeat: number,
  onRun: (share: number) => void,
): Promise<Latency> {
  const warmUp = Math.max(MIN_WARM_UP, Math.ceil(repeat * WARM_UP_SHARE));
  const times: number[] = [];
  for (let i = 0; i < warmUp + repeat; i++) {
    const start = performance.now();
    await run();
    if (i >= warmUp) times.push(performance.now() - start);
    onRun((i + 1) / (warmUp + repeat));
  }
  times.sort((a, b) => a - b);
  const mean = times.reduce((a, b) => a + b, 0) / repeat;
  return { runs: repeat, min: times[0]!, p50: percentile(times, 50), p90: percentile(times, 90), mean };
}
