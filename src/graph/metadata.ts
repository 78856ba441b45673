/** Entries of a model's metadata that Lutra reads and writes. */
export const METADATA = {
  version: 'lutra.version',
  preprocess: 'lutra.preprocess',
  labels: 'lutra.labels',
  calibration: 'lutra.calibration',
  sha256: 'lutra.sha256',
} as const;

/** `lutra.preprocess`: how bytes of an image become the network's input. */
export interface ImagePreprocess {
  readonly kind: 'image';
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** Multiplies the 0..255 byte before mean and std. */
  readonly scale: number;
  /** One entry per channel. value = (byte · scale − mean) / std. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly resize: 'bilinear' | 'nearest';
  readonly layout: 'nchw' | 'nhwc';
}

/**
 * `lutra.preprocess`: how sound becomes the network's input, log-mel features float32 [N, 1, mels, frames]
 * (src/speech/ defines every step). `frames` windows of `window` samples, `hop` samples apart, make a clip of
 * `window + (frames − 1) · hop` samples.
 */
export interface AudioPreprocess {
  readonly kind: 'audio';
  /** Hz. Sound of any other rate is resampled. */
  readonly sampleRate: number;
  /** Samples under a periodic Hann window; the transform takes the next power of two. */
  readonly window: number;
  /** Samples from one frame to the next. */
  readonly hop: number;
  readonly frames: number;
  readonly mels: number;
  /** Hz: outer edges of the first and the last triangle, equally spaced between them on the HTK mel scale. */
  readonly minFrequency: number;
  readonly maxFrequency: number;
  /** Added to every mel power before the natural logarithm. A full-scale sine has power 1/4. */
  readonly offset: number;
  /** dB: everything further below the loudest value of its clip is raised to that level. null: nothing is. */
  readonly dynamicRange: number | null;
  /** Subtracted from the logarithms: a number, or the mean over the clip, which makes the loudness irrelevant. */
  readonly mean: number | 'clip';
  /** Divides what is left. */
  readonly std: number;
}

export type Preprocess = ImagePreprocess | AudioPreprocess;
