/** Milliseconds by which the sound's clock may run late per millisecond, so that an old minimum does not hold for ever. */
const DRIFT = 1e-4;

/**
 * Tells when a moment of live sound reached this thread. Messages are late by a varying amount; the least late one of the
 * recent past counts.
 */
export class SoundClock {
  private offset = Number.POSITIVE_INFINITY;
  private last = 0;

  /**
   * @param heard milliseconds of sound that have arrived
   * @param now milliseconds by the clock on the wall
   */
  arrived(heard: number, now: number): void {
    this.offset = Math.min(now - heard, this.offset + (heard - this.last) * DRIFT);
    this.last = heard;
  }

  /** When the sound at `time` milliseconds was there, by the clock on the wall. */
  at(time: number): number {
    return this.offset + time;
  }
}
