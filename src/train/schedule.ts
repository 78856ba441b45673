/** Shape of the learning rate over a training. */
export type ScheduleKind = 'one-cycle' | 'cosine' | 'constant';

export interface ScheduleOptions {
  readonly kind: ScheduleKind;
  /** Highest learning rate. */
  readonly peak: number;
  /** Share of the training in which the rate rises, 0..1. Default: one-cycle 0.23, else 0.05. */
  readonly warmup?: number;
  /** Rate at the end, relative to the peak. Default: one-cycle 0.02, cosine 0. */
  readonly end?: number;
}

/** Where one-cycle starts, relative to the peak. */
const CYCLE_START = 0.2;

/**
 * Learning rate at `progress` 0..1 of a training. `one-cycle`: linearly up, then linearly down (Smith & Topin 2018, without the change of
 * momentum). `cosine`: linear warm-up from 0, then half a cosine (Loshchilov & Hutter 2017, eq. 5). `constant`: warm-up only.
 */
export function learningRate(options: ScheduleOptions, progress: number): number {
  const { kind, peak } = options;
  const p = Math.max(0, Math.min(1, progress));
  const warmup = options.warmup ?? (kind === 'one-cycle' ? 0.23 : 0.05);
  const end = options.end ?? (kind === 'one-cycle' ? 0.02 : 0);
  if (p < warmup) {
    const start = kind === 'one-cycle' ? CYCLE_START : 0;
    return peak * (start + (1 - start) * (p / warmup));
  }
  const rest = warmup < 1 ? (p - warmup) / (1 - warmup) : 1;
  if (kind === 'constant') return peak;
  if (kind === 'one-cycle') return peak * (1 - (1 - end) * rest);
  return peak * (end + ((1 - end) * (1 + Math.cos(Math.PI * rest))) / 2);
}
