import type { AudioPreprocess } from '../graph/metadata.js';
import { FeatureStream } from './feature-stream.js';
import { Resampler } from './resample.js';
import { frameLevel, SpeechActivity } from './speech-activity.js';
import { type Detection, type DetectorOptions, WordDetector } from './word-detector.js';

/** Seconds of sound that the background is estimated from. */
const BACKGROUND_SECONDS = 3;
/** Share of a window at either end that must be quiet where a word has to be heard whole. */
const MARGIN = 0.06;
/** Seconds of quiet after which a word counts as ended. */
const END_SECONDS = 0.2;
/** Seconds of sound that may wait. Beyond that, windows are left out, so that a slow machine does not fall further behind. */
const MAX_BACKLOG = 0.25;

export interface ListenerOptions extends Pick<DetectorOptions, 'labels' | 'threshold' | 'smoothing'> {
  readonly spec: AudioPreprocess;
  /** Class probabilities [classes] of one clip of features [mels · frames]. */
  readonly classify: (features: Float32Array) => Promise<Float32Array>;
  /** Frames from one window to the next. */
  readonly stride: number;
  /** True for live sound. Windows are then left out when the machine is too slow for all. */
  readonly live: boolean;
}

/** Results of one frame. */
export interface HeardFrame {
  /** Logarithms [mels], valid during the call. */
  readonly row: Float32Array;
  /** dB */
  readonly level: number;
  /** Lowest and highest of the samples since the last frame. */
  readonly low: number;
  readonly high: number;
}

/** Results of one window. */
export interface HeardWindow {
  /** Milliseconds of sound up to its end. */
  readonly time: number;
  /** [classes] */
  readonly probabilities: Float32Array;
  /** [classes] */
  readonly smoothed: Float32Array;
  /** Milliseconds of computing since the last window: resampling and features, and the network. */
  readonly featureMilliseconds: number;
  readonly networkMilliseconds: number;
}

export interface ListenerEvents {
  onFrame?(frame: HeardFrame): void;
  onWindow?(window: HeardWindow): void;
  onWord?(word: Detection): void;
  /** After a word: milliseconds of sound up to where the voice stopped. */
  onWordEnd?(time: number): void;
}

/**
 * Finds words in endless sound: resamples, computes features, runs the network on overlapping windows, and smooths. Where the network has
 * a class for silence, every window counts. A network without one would find a word in any noise. For it, only windows count that hold a
 * whole word with quiet around it.
 */
export class Listener {
  /** Windows left out because the machine was too slow. */
  skipped = 0;
  private readonly stream: FeatureStream;
  private readonly detector: WordDetector;
  private readonly activity: SpeechActivity;
  private readonly needsPause: boolean;
  private readonly features: Float32Array;
  private resampler: Resampler | undefined;
  private waiting: Float32Array[] = [];
  private working: Promise<void> | undefined;
  private featureTime = 0;
  private low = 0;
  private high = 0;
  /** Frame of the last word whose end is not known yet. */
  private openWord: number | undefined;

  /** @throws {LutraError} `INVALID_ARGUMENT` as {@link FeatureStream} and {@link WordDetector}. */
  constructor(
    private readonly options: ListenerOptions,
    private readonly events: ListenerEvents,
  ) {
    const { spec, labels, threshold, smoothing } = options;
    this.stream = new FeatureStream(spec);
    this.activity = new SpeechActivity(Math.round((BACKGROUND_SECONDS * spec.sampleRate) / spec.hop));
    const clip = (1000 * (spec.window + (spec.frames - 1) * spec.hop)) / spec.sampleRate;
    // A word stays in the windows for as long as a window lasts.
    this.detector = new WordDetector({ labels, threshold, smoothing, windows: 2, pause: clip });
    this.needsPause = !labels.some((label) => WordDetector.isFiller(label));
    this.features = new Float32Array(spec.mels * spec.frames);
  }

  set threshold(threshold: number) {
    this.detector.threshold = threshold;
  }

  /**
   * Takes the next piece of sound. Pieces are processed one after the other.
   * @param samples in −1..1, of any length, not kept
   * @param sampleRate Hz, the same for every piece
   * @returns a promise that resolves when everything that was pushed has been processed
   * @throws {LutraError} `INVALID_ARGUMENT` for a rate that cannot be resampled. Also what `classify` throws.
   */
  push(samples: Float32Array, sampleRate: number): Promise<void> {
    const start = performance.now();
    this.resampler ??= new Resampler(sampleRate, this.options.spec.sampleRate);
    this.waiting.push(this.resampler.push(samples));
    this.featureTime += performance.now() - start;
    this.working ??= this.work().finally(() => {
      this.working = undefined;
    });
    return this.working;
  }

  private async work(): Promise<void> {
    for (let piece = this.waiting.shift(); piece; piece = this.waiting.shift()) {
      const { hop } = this.options.spec;
      // A hop completes at most one frame, so no window is skipped.
      for (let at = 0; at < piece.length; at += hop) await this.hear(piece.subarray(at, at + hop));
    }
  }

  private async hear(samples: Float32Array): Promise<void> {
    const { options, stream, activity } = this;
    const { stride } = options;
    const before = stream.count;
    const start = performance.now();
    for (const sample of samples) {
      if (sample < this.low) this.low = sample;
      else if (sample > this.high) this.high = sample;
    }
    stream.push(samples, (row) => {
      const level = frameLevel(row);
      activity.push(level);
      this.events.onFrame?.({ row, level, low: this.low, high: this.high });
      this.low = this.high = 0;
    });
    this.featureTime += performance.now() - start;
    if (stream.count === before) return;
    if (stream.ready && (stream.count - options.spec.frames) % stride === 0) await this.look();
    this.followWord();
  }

  /** Milliseconds of sound up to the end of a frame. */
  private timeOf(frame: number): number {
    const { window, hop, sampleRate } = this.options.spec;
    return (1000 * (frame * hop + window)) / sampleRate;
  }

  private async look(): Promise<void> {
    const { options, stream, activity } = this;
    const { frames, sampleRate } = options.spec;
    const backlog = this.waiting.reduce((sum, piece) => sum + piece.length, 0) / sampleRate;
    if (options.live && backlog > MAX_BACKLOG) {
      this.skipped++;
      return;
    }
    const start = performance.now();
    stream.write(this.features, 0);
    const between = performance.now();
    const probabilities = await options.classify(this.features);
    const end = performance.now();
    const usable =
      !this.needsPause || (activity.voiced(frames) && activity.enclosed(frames, Math.ceil(MARGIN * frames)));
    const time = this.timeOf(stream.count - 1);
    const { smoothed, word } = this.detector.push(time, probabilities, usable);
    this.events.onWindow?.({
      time,
      probabilities,
      smoothed,
      featureMilliseconds: this.featureTime + between - start,
      networkMilliseconds: end - between,
    });
    this.featureTime = 0;
    if (!word) return;
    this.openWord = stream.count - 1;
    this.events.onWord?.(word);
  }

  /** Reports the end of a word once it has been quiet for a while, or the pause after the word is over. */
  private followWord(): void {
    if (this.openWord === undefined) return;
    const { spec } = this.options;
    const newest = this.stream.count - 1;
    const last = this.activity.lastVoiced(spec.frames);
    const quiet = ((newest - last) * spec.hop) / spec.sampleRate;
    if (quiet < END_SECONDS && newest - this.openWord < spec.frames) return;
    this.openWord = undefined;
    this.events.onWordEnd?.(this.timeOf(last));
  }
}
