import type { InferenceSessionApi, TensorLike } from '../session/types.js';
import type { AudioSource, ImageSource } from './types.js';

/** Something that was read. It becomes the input tensor of the network that is loaded when it runs. */
export type Input = (session: InferenceSessionApi) => TensorLike;

/** The answer of the network to one input. */
export interface Answer {
  /** [classes] */
  readonly probabilities: Float32Array;
  readonly milliseconds: number;
}

/** What the element offers to a task while a device records. */
export interface Live {
  /** Shows the video of the camera. */
  readonly video: HTMLVideoElement;
  /** Fires when recording must stop. */
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
   * @param name Its name in messages.
   * @throws LutraError `INVALID_ARGUMENT`, `INVALID_DATA`, `LOAD_FAILED`
   */
  read(source: ImageSource | AudioSource, name?: string): Promise<Input>;
  /**
   * Runs the network on what the visitor's device records, until the signal fires.
   *
   * @throws LutraError `PLATFORM` when there is no device or no permission. Also what `open` and `run` throw.
   */
  listen(live: Live): Promise<void>;
}
