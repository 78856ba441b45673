import type { InferenceSessionApi, TensorLike } from '../session/types.js';
import type { AudioSource, ImageSource } from './types.js';

/** Something read, that becomes the input tensor of whichever network is loaded. */
export type Input = (session: InferenceSessionApi) => TensorLike;

/** What the network says to one input. */
export interface Answer {
  /** [classes] */
  readonly probabilities: Float32Array;
  readonly milliseconds: number;
}

/** The element's side while a device records. */
export interface Live {
  /** Shows the camera's picture. */
  readonly video: HTMLVideoElement;
  /** Fires when it is enough. */
  readonly signal: AbortSignal;
  /** The network, once it is loaded. */
  open(): Promise<InferenceSessionApi>;
  run(input: Input): Promise<Answer>;
  show(answer: Answer): void;
}

/** What the element does for one kind of input. */
export interface Task {
  /**
   * Reads and decodes.
   *
   * @param name What to call it in messages.
   * @throws LutraError `INVALID_ARGUMENT`, `INVALID_DATA`, `LOAD_FAILED`
   */
  read(source: ImageSource | AudioSource, name?: string): Promise<Input>;
  /**
   * Has the network answer to what the visitor's device records until the signal fires.
   *
   * @throws LutraError `PLATFORM` when there is no device, or none that may be used; whatever `open` and `run` throw.
   */
  listen(live: Live): Promise<void>;
}
