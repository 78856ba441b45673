import { LutraError } from '../errors.js';
import type { AudioPreprocess } from '../graph/metadata.js';

/** HTK mel scale: S. Young et al., The HTK Book (3.4), eq. 5.13. */
export function hertzToMel(hertz: number): number {
  return 2595 * Math.log10(1 + hertz / 700);
}

/** Inverse of {@link hertzToMel}. */
function melToHertz(mel: number): number {
  return 700 * (10 ** (mel / 2595) - 1);
}

/** One triangle: its weights for the bins `start`, `start + 1`, … */
export interface Triangle {
  readonly start: number;
  readonly weights: Float64Array;
}

/**
 * Mel filterbank as HTK and torchaudio (`mel_scale='htk', norm=None`) define it: triangles of height 1 whose corners are
 * equally spaced in mel, sampled at the frequencies of the bins 0 .. fftSize / 2.
 * @returns one {@link Triangle} per mel, low to high
 * @throws {LutraError} `INVALID_ARGUMENT` when a triangle is so narrow that no bin falls into it.
 */
export function melFilterbank(
  {
    sampleRate,
    mels,
    minFrequency,
    maxFrequency,
  }: Pick<AudioPreprocess, 'sampleRate' | 'mels' | 'minFrequency' | 'maxFrequency'>,
  fftSize: number,
): Triangle[] {
  const low = hertzToMel(minFrequency);
  const high = hertzToMel(maxFrequency);
  const corner = (i: number) => melToHertz(low + ((high - low) * i) / (mels + 1));
  const binWidth = sampleRate / fftSize;
  return Array.from({ length: mels }, (_, mel) => {
    const [left, peak, right] = [corner(mel), corner(mel + 1), corner(mel + 2)];
    const start = Math.max(0, Math.floor(left / binWidth) + 1);
    const weights: number[] = [];
    for (let bin = start; bin <= fftSize / 2 && bin * binWidth < right; bin++) {
      const frequency = bin * binWidth;
      weights.push(Math.min((frequency - left) / (peak - left), (right - frequency) / (right - peak)));
    }
    if (weights.length === 0) {
      throw new LutraError('INVALID_ARGUMENT', `mel band ${mel} of ${mels} contains no frequency of the transform`, {
        expected: `bands wider than ${binWidth} Hz`,
        actual: `${left.toFixed(1)} to ${right.toFixed(1)} Hz`,
        hint: 'Use fewer bands or a longer window',
      });
    }
    return { start, weights: Float64Array.from(weights) };
  });
}
