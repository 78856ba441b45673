import type { AudioPreprocess } from '../graph/metadata.js';
import { normalizeClip } from './features.js';
import { LogMel } from './log-mel.js';

/**
 * Features of endless sound that arrives in pieces of any length. Frame i covers the samples from `i · hop` on. The values are those of
 * {@link ClipFeatures} on the same samples, bit for bit.
 */
export class FeatureStream {
  /** Frames made so far. */
  count = 0;
  private readonly logMel: LogMel;
  /** Samples that later frames still need. The first `filled` are valid. [window] */
  private readonly pending: Float32Array;
  private filled = 0;
  /** The last `frames` rows of logarithms, oldest first, in a buffer of twice the length: [2 · frames, mels] */
  private readonly rows: Float32Array;
  private next = 0;

  /** @throws {LutraError} `INVALID_ARGUMENT` when the mel bands do not fit the transform. */
  constructor(readonly spec: AudioPreprocess) {
    this.logMel = new LogMel(spec);
    this.pending = new Float32Array(spec.window);
    this.rows = new Float32Array(2 * spec.frames * spec.mels);
  }

  /**
   * @param samples in −1..1 at the sample rate of the spec
   * @param onFrame called for every frame that is complete, with its logarithms [mels], valid during the call, and its
   * index from the start. {@link write} then writes the clip that ends with it
   */
  push(samples: Float32Array, onFrame: (row: Float32Array, index: number) => void): void {
    const { window, hop, mels, frames } = this.spec;
    for (let at = 0; at < samples.length; ) {
      const taken = Math.min(window - this.filled, samples.length - at);
      this.pending.set(samples.subarray(at, at + taken), this.filled);
      this.filled += taken;
      at += taken;
      if (this.filled < window) return;
      if (this.next === 2 * frames) {
        // The next clip needs the last frames − 1 rows. Moving them sometimes costs less than wrapping every read.
        this.rows.copyWithin(0, (frames + 1) * mels);
        this.next = frames - 1;
      }
      const to = this.next * mels;
      this.logMel.frame(this.pending, 0, this.rows, to);
      this.next++;
      this.count++;
      onFrame(this.rows.subarray(to, to + mels), this.count - 1);
      this.pending.copyWithin(0, hop);
      this.filled = window - hop;
    }
  }

  /** True once there are enough frames for a clip. */
  get ready(): boolean {
    return this.count >= this.spec.frames;
  }

  /**
   * Network input of the clip that ends with the newest frame. Call only when {@link ready}.
   * @param out receives [mels, frames] from index `to` on
   */
  write(out: Float32Array, to: number): void {
    const { mels, frames } = this.spec;
    normalizeClip(this.rows.subarray((this.next - frames) * mels, this.next * mels), this.spec, out, to);
  }
}
