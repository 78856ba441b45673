import { LutraError } from '../errors.js';
import { type AudioPreprocess, METADATA } from '../graph/metadata.js';

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
  const fail = (field: string, expected: string, actual: unknown): never => {
    throw new LutraError('INVALID_MODEL', `metadata lutra.preprocess: ${field} is wrong`, {
      expected,
      actual: JSON.stringify(actual) ?? 'nothing',
    });
  };
  const spec = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (spec.kind !== 'audio') return fail('kind', '"audio"', spec.kind);
  const whole = (field: string, min: number, max: number): number => {
    const number = spec[field];
    return Number.isInteger(number) && (number as number) >= min && (number as number) <= max
      ? (number as number)
      : fail(field, `an integer ${min}..${max}`, number);
  };
  const real = (field: string, expected: string, fits: (x: number) => boolean): number => {
    const number = spec[field];
    return typeof number === 'number' && Number.isFinite(number) && fits(number)
      ? number
      : fail(field, expected, number);
  };
  const sampleRate = whole('sampleRate', 1000, 192_000);
  const window = whole('window', 2, MAX_WINDOW);
  const minFrequency = real('minFrequency', 'a number ≥ 0', (x) => x >= 0);
  const nyquist = sampleRate / 2;
  return {
    kind: 'audio',
    sampleRate,
    window,
    hop: whole('hop', 1, window),
    frames: whole('frames', 1, MAX_FRAMES),
    mels: whole('mels', 1, MAX_MELS),
    minFrequency,
    maxFrequency: real('maxFrequency', `a number > ${minFrequency} and ≤ ${nyquist}`, (x) => {
      return x > minFrequency && x <= nyquist;
    }),
    offset: real('offset', 'a number > 0', (x) => x > 0),
    dynamicRange: spec.dynamicRange === null ? null : real('dynamicRange', 'a number > 0 or null', (x) => x > 0),
    mean: spec.mean === 'clip' ? 'clip' : real('mean', 'a number or "clip"', () => true),
    std: real('std', 'a number > 0', (x) => x > 0),
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
  let value: unknown;
  try {
    value = JSON.parse(stated);
  } catch (cause) {
    throw new LutraError('INVALID_MODEL', `metadata ${METADATA.preprocess} is not JSON`, { cause });
  }
  return checkAudioPreprocess(value);
}
