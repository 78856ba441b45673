import type { InferenceSessionApi, TensorLike } from '../session/types.js';
import type { AudioSource, ImageSource } from './types.js';

/** Something read, that becomes the input tensor of whichever network is loaded. */
export type Input = (session: InferenceSessionApi) => TensorLike;

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
   * Hands in what the visitor's device records until the signal fires; the next input comes when the promise of the last has settled.
   *
   * @param video Shows the camera's picture.
   * @throws LutraError `PLATFORM` when there is no device, or none that may be used.
   */
  listen(video: HTMLVideoElement, signal: AbortSignal, onInput: (input: Input) => Promise<void>): Promise<void>;
}
