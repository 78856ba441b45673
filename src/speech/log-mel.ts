import FFT from 'fft.js';
import type { AudioPreprocess } from '../graph/metadata.js';
import { melFilterbank, type Triangle } from './filterbank.js';

/** Periodic Hann window [length]: 0.5 − 0.5 · cos(2π n / length). */
function hannWindow(length: number): Float64Array {
  return Float64Array.from({ length }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / length));
}

/**
 * Log-mel spectrum of one window of sound: Hann window, zeros up to a power of two, power |X|² / (Σ window)², mel
 * triangles, ln(power + offset). Computed in double, rounded once. Not reentrant: it owns its buffers.
 */
export class LogMel {
  private readonly window: Float64Array;
  private readonly triangles: readonly Triangle[];
  private readonly transform: FFT;
  /** [fftSize] */
  private readonly windowed: Float64Array;
  /** Interleaved real and imaginary parts [2 · fftSize] */
  private readonly spectrum: Float64Array;
  /** [fftSize / 2 + 1] */
  private readonly power: Float64Array;
  private readonly offset: number;

  /** @throws {LutraError} `INVALID_ARGUMENT` as {@link melFilterbank}. */
  constructor(spec: AudioPreprocess) {
    // The smallest power of two that holds the window.
    const fftSize = 2 ** Math.ceil(Math.log2(spec.window));
    this.triangles = melFilterbank(spec, fftSize);
    const hann = hannWindow(spec.window);
    const sum = hann.reduce((total, weight) => total + weight, 0);
    this.window = hann.map((weight) => weight / sum);
    this.transform = new FFT(fftSize);
    this.windowed = new Float64Array(fftSize);
    this.spectrum = new Float64Array(2 * fftSize);
    this.power = new Float64Array(fftSize / 2 + 1);
    this.offset = spec.offset;
  }

  /**
   * @param samples at least `start + window` samples in −1..1
   * @param out receives the logarithms [mels] from index `to` on
   */
  frame(samples: Float32Array, start: number, out: Float32Array, to: number): void {
    const { window, windowed, spectrum, power, triangles } = this;
    for (let n = 0; n < window.length; n++) windowed[n] = samples[start + n]! * window[n]!;
    this.transform.realTransform(spectrum, windowed);
    for (let bin = 0; bin < power.length; bin++) {
      power[bin] = spectrum[2 * bin]! ** 2 + spectrum[2 * bin + 1]! ** 2;
    }
    for (let mel = 0; mel < triangles.length; mel++) {
      const { start: first, weights } = triangles[mel]!;
      let sum = this.offset;
      for (let i = 0; i < weights.length; i++) sum += weights[i]! * power[first + i]!;
      out[to + mel] = Math.log(sum);
    }
  }
}
