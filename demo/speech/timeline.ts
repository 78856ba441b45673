import type { Frames } from './protocol.js';

/** The last frames of sound, as rings. */
export class Timeline {
  /** Logarithms [capacity, mels] */
  readonly rows: Float32Array;
  /** dB [capacity] */
  readonly levels: Float32Array;
  /** [capacity, 2] */
  readonly extremes: Float32Array;
  /** Frames so far, also those that were overwritten. */
  count = 0;

  constructor(
    readonly capacity: number,
    readonly mels: number,
  ) {
    this.rows = new Float32Array(capacity * mels);
    this.levels = new Float32Array(capacity);
    this.extremes = new Float32Array(2 * capacity);
  }

  clear(): void {
    this.count = 0;
  }

  add({ count, rows, levels, extremes }: Frames): void {
    for (let i = 0; i < count; i++) {
      const at = this.count % this.capacity;
      this.rows.set(rows.subarray(i * this.mels, (i + 1) * this.mels), at * this.mels);
      this.levels[at] = levels[i]!;
      this.extremes.set(extremes.subarray(2 * i, 2 * i + 2), 2 * at);
      this.count++;
    }
  }

  /** Index of the oldest frame that is still here. */
  get first(): number {
    return Math.max(0, this.count - this.capacity);
  }
}
