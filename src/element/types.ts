import type { LutraError } from '../errors.js';
import type { LoadProgress } from '../session/types.js';
import type { Recording } from '../speech/wav.js';

/** What the element recognizes: pictures, or short recordings. */
export type ClassifierTask = 'image' | 'audio';

/** One class of a result. */
export interface ClassScore {
  /** From the model's `lutra.labels`, else `"class 7"`. */
  readonly label: string;
  /** Position among the model's outputs, from 0. */
  readonly index: number;
  /** 0..1. */
  readonly probability: number;
}

/** What the network says about one picture or recording. */
export interface ClassifierResult {
  /** The `top` most likely classes, the likeliest first. */
  readonly classes: readonly ClassScore[];
  /** Of every class, in the order of the model's outputs [classes]; sums to 1. */
  readonly probabilities: Float32Array;
  /** From handing the prepared input to the network's thread until its answer was back. */
  readonly milliseconds: number;
}

/** A picture in any form that a page has it in; a string or URL is an address. */
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

/** A recording in any form that a page has it in; a string or URL is an address, a Blob any file that the browser plays. */
export type AudioSource = string | URL | Blob | AudioBuffer | Recording;

/** Events of the element. They do not bubble: an `error` that reached the window would pass for a script's failure. */
export interface ClassifierEventMap {
  /** A step of loading. */
  progress: CustomEvent<LoadProgress>;
  /** An answer. */
  result: CustomEvent<ClassifierResult>;
  /** A load, an input or a run failed. What the page or the visitor stopped has not failed. */
  error: CustomEvent<LutraError>;
}
