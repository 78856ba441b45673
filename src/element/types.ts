import type { LutraError } from '../errors.js';
import type { LoadProgress } from '../session/types.js';
import type { Recording } from '../speech/wav.js';

/** What the element classifies: images, or short recordings. */
export type ClassifierTask = 'image' | 'audio';

/** One class of a result. */
export interface ClassScore {
  /** From the model's `lutra.labels`, or `"class 7"`. */
  readonly label: string;
  /** Position among the model's outputs, from 0. */
  readonly index: number;
  /** 0..1. */
  readonly probability: number;
}

/** The answer of the network to one image or recording. */
export interface ClassifierResult {
  /** The `top` most likely classes, the most likely first. */
  readonly classes: readonly ClassScore[];
  /** Probability of every class, in the order of the model's outputs [classes]. They sum to 1. */
  readonly probabilities: Float32Array;
  /** Time from sending the prepared input to the network's thread until its answer arrived. */
  readonly milliseconds: number;
}

/** An image in any form that a page can have. A string or URL is an address. */
export type ImageSource =
  | string
  | URL
  | Blob
  | ImageData
  | ImageBitmap
  | HTMLImageElement
  | HTMLVideoElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | VideoFrame;

/** A recording in any form that a page can have. A string or URL is an address, a Blob any file that the browser plays. */
export type AudioSource = string | URL | Blob | AudioBuffer | Recording;

/** Events of the element. They do not bubble, because an `error` that reaches the window looks like a failed script. */
export interface ClassifierEventMap {
  /** A step of loading. */
  progress: CustomEvent<LoadProgress>;
  /** An answer. */
  result: CustomEvent<ClassifierResult>;
  /** A load, an input or a run failed. Stopping is no failure. */
  error: CustomEvent<LutraError>;
}
