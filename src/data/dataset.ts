import type { TensorValue } from '../graph/types.js';
import type { Recording } from '../speech/wav.js';

/** A decoded image: sRGB bytes, shape [height, width, channels], 1 (grey) or 3 (R, G, B) channels. */
export interface PixelImage {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly pixels: Uint8Array;
}

/** One example. `tensor` is a network input without its batch dimension, passed on without preprocessing. */
export type Sample = {
  /** File or record, for messages. */
  readonly name: string;
  /** Class index, where the data set has labels. */
  readonly label?: number;
} & (
  | { readonly kind: 'image'; readonly image: PixelImage }
  | { readonly kind: 'recording'; readonly recording: Recording }
  | { readonly kind: 'tensor'; readonly tensor: TensorValue }
);

/** A set of examples that can be read in any order. */
export interface Dataset {
  /** What was read, for reports: `"test_a.tar.gz: 5000 images in 10 classes"`. */
  readonly description: string;
  readonly count: number;
  /** Class names, in the order of the labels, where the data set names its classes. */
  readonly classes?: readonly string[];
  /** Class index of every example [count], known without decoding. */
  readonly labels?: Int32Array;
  /** Speaker of every recording [count], where the data set states it; '' for none. */
  readonly speakers?: readonly string[];
  /**
   * Reads the examples with the given indices (0 .. count − 1), in that order.
   * @throws {LutraError} `INVALID_DATA` naming the example that cannot be read.
   */
  samples(indices: Iterable<number>): AsyncIterable<Sample>;
}
