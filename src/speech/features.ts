import { LutraError } from '../errors.js';
import type { AudioPreprocess } from '../graph/metadata.js';
import type { TensorValue } from '../graph/types.js';
import { fitClip } from './clip.js';
import { LogMel } from './log-mel.js';
import { clipSamples } from './spec.js';

const LN10 = Math.log(10);

/**
 * Turns the logarithms of one clip into network input. Values below the dynamic range are raised to its lower end. Then the mean is
 * subtracted and the result divided by std.
 * @param frames logarithms [frames, mels], not changed
 * @param out receives [mels, frames] from index `to` on
 */
export function normalizeClip(frames: Float32Array, spec: AudioPreprocess, out: Float32Array, to: number): void {
  const { mels, frames: count, dynamicRange, std } = spec;
  const size = mels * count;
  let floor = -Infinity;
  if (dynamicRange !== null) {
    for (let i = 0; i < size; i++) floor = Math.max(floor, frames[i]!);
    // 10 · log10(p) dB of a power p.
    floor -= (dynamicRange / 10) * LN10;
  }
  let mean = spec.mean === 'clip' ? 0 : spec.mean;
  if (spec.mean === 'clip') {
    for (let i = 0; i < size; i++) mean += Math.max(floor, frames[i]!);
    mean /= size;
  }
  for (let frame = 0; frame < count; frame++) {
    for (let mel = 0; mel < mels; mel++) {
      out[to + mel * count + frame] = (Math.max(floor, frames[frame * mels + mel]!) - mean) / std;
    }
  }
}

/** Features of whole clips. One instance serves any number of clips. It owns its buffers and is not reentrant. */
export class ClipFeatures {
  /** Samples of a clip. */
  readonly samples: number;
  /** Values of a clip's features: mels · frames. */
  readonly size: number;
  private readonly logMel: LogMel;
  /** Logarithms [frames, mels] */
  private readonly frames: Float32Array;

  /** @throws {LutraError} `INVALID_ARGUMENT` when the mel bands do not fit the transform. */
  constructor(readonly spec: AudioPreprocess) {
    this.samples = clipSamples(spec);
    this.size = spec.mels * spec.frames;
    this.logMel = new LogMel(spec);
    this.frames = new Float32Array(this.size);
  }

  /**
   * @param signal a clip [{@link ClipFeatures.samples}] at the sample rate of the spec, in −1..1
   * @param out receives [mels, frames] from index `to` on
   * @throws {LutraError} `INVALID_ARGUMENT` for another length ({@link fitClip} makes one fit).
   */
  write(signal: Float32Array, out: Float32Array, to: number): void {
    const { spec, frames } = this;
    if (signal.length !== this.samples) {
      throw new LutraError('INVALID_ARGUMENT', 'a clip has the wrong length', {
        expected: `${this.samples} samples`,
        actual: `${signal.length}`,
      });
    }
    for (let i = 0; i < spec.frames; i++) this.logMel.frame(signal, i * spec.hop, frames, i * spec.mels);
    normalizeClip(frames, spec, out, to);
  }
}

/**
 * Network input of a batch of recordings. {@link fitClip} gives each the right length.
 * @param signals at the sample rate of the spec, in −1..1, of any length
 * @returns float32 [N, 1, mels, frames]
 */
export function speechInput(signals: readonly Float32Array[], spec: AudioPreprocess): TensorValue {
  const features = new ClipFeatures(spec);
  const data = new Float32Array(signals.length * features.size);
  signals.forEach((signal, i) => {
    features.write(fitClip(signal, features.samples, spec.sampleRate), data, i * features.size);
  });
  return { type: 'float32', dims: [signals.length, 1, spec.mels, spec.frames], data };
}
