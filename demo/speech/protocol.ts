import type { LutraErrorCode } from '../../src/errors.js';
import type { AudioPreprocess } from '../../src/graph/metadata.js';
import type { LoadProgress } from '../../src/index.js';
import type { Detection } from '../../src/speech/word-detector.js';

/** What the page asks of the worker. What is heard carries the number of the session it belongs to. */
export type Request =
  | { readonly kind: 'load'; readonly url: string; readonly threshold: number }
  /** Live sound comes through `port` in pieces, Float32Array, until the session is stopped or another begins. */
  | { readonly kind: 'listen'; readonly session: number; readonly port: MessagePort; readonly sampleRate: number }
  | { readonly kind: 'clip'; readonly session: number; readonly samples: Float32Array; readonly sampleRate: number }
  | { readonly kind: 'stop' }
  | { readonly kind: 'threshold'; readonly threshold: number };

/** An error on its way between threads. */
export interface Failure {
  readonly name: 'LutraError';
  readonly code: LutraErrorCode;
  readonly message: string;
}

export interface Ready {
  readonly kind: 'ready';
  /** A name for every class. */
  readonly labels: readonly string[];
  readonly spec: AudioPreprocess;
  readonly modelBytes: number;
  /** Build of the kernels. */
  readonly wasm: string;
  /** Frames from one window to the next. */
  readonly stride: number;
}

/** Frames heard since the last message. */
export interface Frames {
  readonly kind: 'frames';
  readonly session: number;
  readonly count: number;
  /** Logarithms [count, mels] */
  readonly rows: Float32Array;
  /** dB [count] */
  readonly levels: Float32Array;
  /** Lowest and highest sample of every frame [count, 2]. */
  readonly extremes: Float32Array;
}

export interface WindowReport {
  readonly kind: 'window';
  readonly session: number;
  /** Milliseconds of sound up to its end. */
  readonly time: number;
  /** [classes] */
  readonly smoothed: Float32Array;
  readonly featureMilliseconds: number;
  readonly networkMilliseconds: number;
  /** Windows left out so far as the machine was too slow. */
  readonly skipped: number;
}

/** What the worker tells the page. */
export type Report =
  | { readonly kind: 'progress'; readonly progress: LoadProgress }
  | Ready
  /** Without a session the network could not be loaded. */
  | { readonly kind: 'failed'; readonly session?: number; readonly error: Failure }
  | Frames
  | WindowReport
  | { readonly kind: 'word'; readonly session: number; readonly word: Detection }
  /**
   * The voice of the last word stopped at `time` milliseconds of sound. `clock`, for live sound: when that reached this
   * thread, in milliseconds since 1970.
   */
  | { readonly kind: 'end'; readonly session: number; readonly time: number; readonly clock?: number }
  | { readonly kind: 'done'; readonly session: number };
