/** Names and attribute shapes of the `lutra` operator domain (docs/lookup-operators.md). */
export const LOOKUP_DOMAIN = 'lutra';
export const LOOKUP_OPSET = 1;
/** Activations of Encode are quantised to 0..127. */
export const MAX_LEVEL = 127;

export const METADATA = {
  version: 'lutra.version',
  preprocess: 'lutra.preprocess',
  labels: 'lutra.labels',
  calibration: 'lutra.calibration',
  sha256: 'lutra.sha256',
} as const;

/** `lutra.preprocess`: how bytes of a picture become the network's input. */
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
