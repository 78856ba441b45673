import { LutraError } from '../errors.js';

export interface DetectorOptions {
  /** Class names in the order of the probabilities. Those that start with `_` (`_silence_`, `_unknown_`) are never reported. */
  readonly labels: readonly string[];
  /** Smoothed probability from which on a word counts, 0..1. */
  readonly threshold: number;
  /** Milliseconds over which probabilities are averaged. */
  readonly smoothing: number;
  /** Smallest number of windows of an average. */
  readonly windows: number;
  /** Milliseconds after a word during which nothing is reported. */
  readonly pause: number;
}

export interface Detection {
  readonly index: number;
  readonly label: string;
  /** Smoothed, 0..1. */
  readonly probability: number;
  /** Milliseconds of sound up to the end of the window that decided. */
  readonly time: number;
}

export interface Verdict {
  /** Mean over the last windows [classes]. */
  readonly smoothed: Float32Array;
  readonly word?: Detection;
}

/**
 * Turns the probabilities of overlapping windows into words. The mean over a short time decides, and a word is reported
 * once (P. Warden, "Speech Commands", arXiv:1804.03209, section 7.2; G. Chen et al., "Small-footprint keyword spotting using
 * deep neural networks", ICASSP 2014, section 2.3).
 */
export class WordDetector {
  /** Changes take effect with the next window. */
  threshold: number;
  private readonly options: DetectorOptions;
  /** Probabilities of the last windows with the time of each, oldest first. */
  private recent: { readonly time: number; readonly probabilities: Float32Array }[] = [];
  private quietUntil = Number.NEGATIVE_INFINITY;
  /** The class reported last, until it has fallen below half the threshold: a long sound is one word. */
  private held: number | undefined;

  /** @throws {LutraError} `INVALID_ARGUMENT` for a number out of range. */
  constructor(options: DetectorOptions) {
    const { labels, threshold, smoothing, windows, pause } = options;
    const fine = threshold >= 0 && threshold <= 1 && smoothing >= 0 && windows >= 1 && pause >= 0;
    if (labels.length === 0 || !fine) {
      throw new LutraError('INVALID_ARGUMENT', 'the word detector cannot work like this', {
        expected: 'labels, a threshold 0..1, smoothing ≥ 0, windows ≥ 1 and pause ≥ 0',
        actual: JSON.stringify(options),
      });
    }
    this.options = options;
    this.threshold = threshold;
  }

  /** True for classes that are no words. */
  static isFiller(label: string): boolean {
    return label.startsWith('_');
  }

  /**
   * @param time milliseconds of sound up to the end of the window, rising from call to call
   * @param probabilities of the window [classes]
   * @param usable false when the window must not count, for example because nobody speaks
   */
  push(time: number, probabilities: Float32Array, usable = true): Verdict {
    const { labels, smoothing, windows, pause } = this.options;
    if (usable) this.recent.push({ time, probabilities });
    this.recent = this.recent.filter((window) => time - window.time <= smoothing);
    const smoothed = new Float32Array(labels.length);
    for (const window of this.recent) {
      for (let k = 0; k < smoothed.length; k++) smoothed[k]! += window.probabilities[k]! / this.recent.length;
    }
    if (this.held !== undefined && smoothed[this.held]! < this.threshold / 2) this.held = undefined;
    if (!usable || this.recent.length < windows || time < this.quietUntil) return { smoothed };
    let best = 0;
    for (let k = 1; k < smoothed.length; k++) if (smoothed[k]! > smoothed[best]!) best = k;
    const label = labels[best]!;
    if (WordDetector.isFiller(label) || best === this.held || smoothed[best]! < this.threshold) return { smoothed };
    this.quietUntil = time + pause;
    this.held = best;
    return { smoothed, word: { index: best, label, probability: smoothed[best]!, time } };
  }
}
