import { LutraError } from '../errors.js';

/** Share of the frames that count as background. */
const BACKGROUND_SHARE = 0.2;
/** dB that a voice is at least above the background. */
const VOICE_ABOVE = 10;
/** dB full scale under which nothing counts as a voice, however quiet the background. */
const QUIETEST_VOICE = -75;

/** Loudness of a frame in dB from the logarithms [mels] of its mel powers; −6 dB for a full-scale sine. */
export function frameLevel(row: Float32Array): number {
  let power = 0;
  for (let mel = 0; mel < row.length; mel++) power += Math.exp(row[mel]!);
  return 10 * Math.log10(power);
}

/**
 * Tells voice from background by loudness alone. The background is a low percentile of the last frames, so it adapts when a fan is
 * switched on. Frames are counted from 0.
 */
export class SpeechActivity {
  /** Levels of the last frames in dB, as a ring [capacity]. */
  private readonly levels: Float64Array;
  private count = 0;

  /**
   * @param capacity frames that the background is estimated from
   * @throws {LutraError} `INVALID_ARGUMENT` unless it is a positive integer.
   */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new LutraError('INVALID_ARGUMENT', 'speech activity needs frames', {
        expected: 'a positive integer',
        actual: `${capacity}`,
      });
    }
    this.levels = new Float64Array(capacity);
  }

  /** Adds a frame. */
  push(level: number): void {
    this.levels[this.count % this.levels.length] = level;
    this.count++;
  }

  /** Level of a frame in dB. The frame must be among the last `capacity`. */
  level(frame: number): number {
    return this.levels[frame % this.levels.length]!;
  }

  /** Level of the background in dB. */
  background(): number {
    const known = this.levels.slice(0, Math.min(this.count, this.levels.length)).sort();
    return known[Math.floor(BACKGROUND_SHARE * (known.length - 1))] ?? QUIETEST_VOICE;
  }

  /** The loudest of the last `frames` frames in dB. */
  peak(frames: number): number {
    let peak = Number.NEGATIVE_INFINITY;
    for (let frame = Math.max(0, this.count - frames); frame < this.count; frame++) {
      peak = Math.max(peak, this.level(frame));
    }
    return peak;
  }

  /** Whether there is a voice in the last `frames` frames. */
  voiced(frames: number): boolean {
    return this.peak(frames) > Math.max(QUIETEST_VOICE, this.background() + VOICE_ABOVE);
  }

  /** Whether the voice lies inside: the first and last `margin` of the `frames` frames are nearer to the background than to the peak. */
  enclosed(frames: number, margin: number): boolean {
    const middle = (this.peak(frames) + this.background()) / 2;
    for (let i = 0; i < margin; i++) {
      if (this.level(this.count - 1 - i) > middle || this.level(this.count - frames + i) > middle) return false;
    }
    return true;
  }

  /** The last of the newest `frames` frames that is nearer to their peak than to the background. */
  lastVoiced(frames: number): number {
    const middle = (this.peak(frames) + this.background()) / 2;
    let frame = this.count - 1;
    while (frame > this.count - frames && frame > 0 && this.level(frame) < middle) frame--;
    return frame;
  }
}
