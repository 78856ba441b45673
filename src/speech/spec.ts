import { LutraError } from '../errors.js';
import { type AudioPreprocess, METADATA } from '../graph/metadata.js';
import { isPositive, parsePreprocessJson, preprocessFields } from './preprocess-fields.js';

/**
 * The front-end that the shipped keyword model was trained with: 64 frames of 32 ms every 15 ms (0.977 s) and 40 HTK mels.
 * The clip's mean is subtracted and only its upper 60 dB count, so that neither the level of the microphone nor its noise floor
 * matters. 3 is about the standard deviation of the result on Speech Commands.
 */
export const KEYWORD_FEATURES: AudioPreprocess = {
  kind: 'audio',
  sampleRate: 16000,
  window: 512,
  hop: 240,
  frames: 64,
  mels: 40,
  minFrequency: 60,
  maxFrequency: 7600,
  offset: 1e-9,
  dynamicRange: 60,
  mean: 'clip',
  std: 3,
};

const MAX_WINDOW = 16384;
const MAX_FRAMES = 4096;
const MAX_MELS = 512;

/** Samples of one clip: what {@link AudioPreprocess.frames} windows cover. */
export function clipSamples(spec: AudioPreprocess): number {
  return spec.window + (spec.frames - 1) * spec.hop;
}

/**
 * Checks a front-end and copies its known fields.
 * @throws {LutraError} `INVALID_MODEL` naming the field that is wrong.
 */
export function checkAudioPreprocess(value: unknown): AudioPreprocess {
  const { field, integer } = preprocessFields(value, 'audio');
  const sampleRate = integer('sampleRate', 1000, 192_000);
  const window = integer('window', 2, MAX_WINDOW);
  const minFrequency = field('minFrequency', 'a number ≥ 0', (x) => x === 0 || isPositive(x));
  const nyquist = sampleRate / 2;
  const isHigher = (x: unknown) => isPositive(x) && (x as number) > minFrequency && (x as number) <= nyquist;
  return {
    kind: 'audio',
    sampleRate,
    window,
    hop: integer('hop', 1, window),
    frames: integer('frames', 1, MAX_FRAMES),
    mels: integer('mels', 1, MAX_MELS),
    minFrequency,
    maxFrequency: field('maxFrequency', `a number > ${minFrequency} and ≤ ${nyquist}`, isHigher),
    offset: field('offset', 'a number > 0', isPositive),
    dynamicRange: field('dynamicRange', 'a number > 0 or null', (x) => x === null || isPositive(x)),
    mean: field('mean', 'a number or "clip"', (x) => x === 'clip' || Number.isFinite(x)),
    std: field('std', 'a number > 0', isPositive),
  };
}

/**
 * The front-end that the metadata of a network states.
 * @throws {LutraError} `UNSUPPORTED` when they state none, `INVALID_MODEL` naming the field that is wrong.
 */
export function readAudioPreprocess(metadata: Readonly<Record<string, string>>): AudioPreprocess {
  const stated = metadata[METADATA.preprocess];
  if (stated === undefined) {
    throw new LutraError('UNSUPPORTED', 'the network does not say how sound becomes its input', {
      hint: `The file needs the metadata entry "${METADATA.preprocess}"`,
    });
  }
  return checkAudioPreprocess(parsePreprocessJson(stated));
}
