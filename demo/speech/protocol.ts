import type { AudioPreprocess } from '../../src/graph/metadata.js';
import type { LoadProgress } from '../../src/index.js';
import type { Detection } from '../../src/speech/word-detector.js';

/** What the page asks of its worker. One sound at a time: the next ends the one before. */
export interface SpeechApi {
  load(url: string, threshold: number, onProgress: (progress: LoadProgress) => void): Promise<Ready>;
  /**
   * Hears live sound. It comes through `port` in pieces, Float32Array.
   *
   * @returns when another sound begins, or after {@link stop}
   */
  listen(port: MessagePort, sampleRate: number, events: SoundEvents): Promise<void>;
  /**
   * Hears a recording.
   *
   * @returns when all of it was heard and all events have been delivered
   */
  hear(samples: Float32Array, sampleRate: number, events: SoundEvents): Promise<void>;
  stop(): void;
  setThreshold(threshold: number): void;
}

/** What the worker tells the page about one sound. */
export interface SoundEvents {
  onFrames(frames: Frames): void;
  onWindow(window: WindowReport): void;
  onWord(word: Detection): void;
  /**
   * The voice of the last word stopped.
   *
   * @param clock for live sound: when the end of the voice reached the worker, in milliseconds since 1970
   */
  onWordEnd(clock: number | undefined): void;
}

export interface Ready {
  /** A name for every class. */
  readonly labels: readonly string[];
  readonly spec: AudioPreprocess;
  readonly modelBytes: number;
  /** Build of the kernels. */
  readonly wasm: string;
  /** Frames from one window to the next. */
  readonly stride: number;
}

/** Frames heard since the last event. */
export interface Frames {
  readonly count: number;
  /** Logarithms [count, mels] */
  readonly rows: Float32Array;
  /** dB [count] */
  readonly levels: Float32Array;
  /** Lowest and highest sample of every frame [count, 2]. */
  readonly extremes: Float32Array;
}

export interface WindowReport {
  /** Milliseconds of sound up to its end. */
  readonly time: number;
  /** [classes] */
  readonly smoothed: Float32Array;
  readonly featureMilliseconds: number;
  readonly networkMilliseconds: number;
  /** Windows left out so far as the machine was too slow. */
  readonly skipped: number;
}
