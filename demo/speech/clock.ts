/** Milliseconds by which the sound's clock may run late per millisecond. So an old minimum does not stay. */
const DRIFT = 1e-4;

/**
 * Tells when a moment of live sound reached this thread. Messages are late by different amounts. The least late of the
 * last ones counts.
 */
export class SoundClock {
  private offset = Number.POSITIVE_INFINITY;
  private last = 0;

  /**
   * @param heard milliseconds of sound that have arrived
   * @param now milliseconds since 1970
   */
  arrived(heard: number, now: number): void {
    this.offset = Math.min(now - heard, this.offset + (heard - this.last) * DRIFT);
    this.last = heard;
  }

  /** When the sound at `time` milliseconds arrived, in milliseconds since 1970. */
  at(time: number): number {
    return this.offset + time;
  }
}
