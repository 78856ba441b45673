import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { MAX_SIDE } from '../data/preprocess.js';
import { imageInput, readPreprocess } from '../data/preprocess-spec.js';
import { LutraError } from '../errors.js';
import { type AudioPreprocess, METADATA, type Preprocess } from '../graph/metadata.js';
import { type Given, number, numbers, type Schema, text, toggle } from '../option-schema.js';
import { checkAudioPreprocess } from '../speech/spec.js';
import { UsageError } from './command.js';
import { warn } from './output.js';

/** How images or recordings become the network's input. */
export const PREPROCESS_OPTIONS = {
  mean: numbers('--mean <a,b,c>', 'subtracted after scaling, one per channel', { otherwise: 'from the model, else 0' }),
  std: numbers('--std <a,b,c>', 'divided by after that', { otherwise: 'from the model, else 1' }),
  scale: number('--scale <x>', 'multiplies the bytes 0..255 first; 1 keeps them', {
    above: 0,
    otherwise: 'from the model, else 1/255',
  }),
  size: text('--size <WxH>', 'image size the network takes, where the model leaves it open'),
  grey: toggle('--grey', 'one grey channel, where the model leaves it open'),
  features: text('--features <file.json>', 'the network takes sound: its front-end, as in metadata lutra.preprocess', {
    otherwise: 'from the model',
  }),
  labels: text('--labels <file|a,b,c>', 'class names: a JSON array, a file with one per line, or a list'),
} satisfies Schema;

type PreprocessValues = Given<typeof PREPROCESS_OPTIONS>;

/** What a model says of itself. `dims` belong to its first input. */
export interface ModelFacts {
  readonly metadata: Readonly<Record<string, string>>;
  readonly dims: readonly (number | string)[] | undefined;
}

function parseSize(text: string): { width: number; height: number } {
  const match = /^(\d+)(?:[x×](\d+))?$/i.exec(text);
  const width = Number(match?.[1]);
  const height = Number(match?.[2] ?? match?.[1]);
  if (!(width >= 1 && width <= MAX_SIDE && height >= 1 && height <= MAX_SIDE)) {
    throw new UsageError(`--size must be like 224x224, not "${text}"`);
  }
  return { width, height };
}

function perChannel(values: readonly number[], channels: number, flag: string): readonly number[] {
  if (values.length === channels) return values;
  if (values.length === 1) return new Array<number>(channels).fill(values[0]!);
  throw new UsageError(`${flag} needs 1 or ${channels} numbers, got ${values.length}`);
}

/** Flags that make sense for images only. */
const IMAGE_FLAGS = ['mean', 'std', 'scale', 'size', 'grey'] as const;

/** The front-end in the file that --features names. */
function readFeatures(path: string): AudioPreprocess {
  try {
    return checkAudioPreprocess(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new LutraError('INVALID_DATA', `--features ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/**
 * The front-end of a network that takes sound, checked against the shape of its input.
 * @throws {LutraError} `INVALID_MODEL` when it makes another number of values than the network takes.
 */
function checkSound(values: PreprocessValues, spec: AudioPreprocess, dims: ModelFacts['dims']): AudioPreprocess {
  const flag = IMAGE_FLAGS.find((name) => values[name] !== undefined);
  if (flag) throw new UsageError(`--${flag} is for images, and this model takes sound`);
  const made = ['N', 1, spec.mels, spec.frames];
  if (dims && (dims.length !== 4 || made.some((size, i) => i > 0 && typeof dims[i] === 'number' && dims[i] !== size))) {
    throw new LutraError('INVALID_MODEL', 'the front-end does not fit the input of the model', {
      expected: `[${dims.join(',')}]`,
      actual: `[${made.join(',')}]`,
    });
  }
  return spec;
}

/**
 * Preprocessing of a run: flags first, then the model's metadata, then the model's input shape with byte / 255. Undefined when the
 * first input takes neither images nor sound.
 * @throws {UsageError} when a flag contradicts the model; {LutraError} `INVALID_MODEL` for broken metadata.
 */
export function resolvePreprocess(values: PreprocessValues, model: ModelFacts): Preprocess | undefined {
  const stored = model.metadata[METADATA.preprocess];
  const { features, size: sizeFlag } = values;
  const base = features ? readFeatures(features) : stored === undefined ? undefined : readPreprocess(stored);
  if (base?.kind === 'audio') return checkSound(values, base, model.dims);
  const input = imageInput(model.dims);
  if (!base && !input) return undefined;

  const size = sizeFlag === undefined ? undefined : parseSize(sizeFlag);
  const side = (axis: 'width' | 'height'): number => {
    const fixed = input?.[axis];
    if (typeof fixed === 'number' && size && size[axis] !== fixed) {
      throw new UsageError(`--size ${sizeFlag} does not fit the model, whose ${axis} is ${fixed}`);
    }
    const value = size?.[axis] ?? base?.[axis] ?? fixed;
    if (typeof value === 'number') return value;
    throw new UsageError(`the model leaves its ${axis} open: say --size WxH`);
  };
  const channels = values.grey ? 1 : (base?.channels ?? input?.channels ?? 3);
  if (input?.channels !== undefined && input.channels !== channels) {
    throw new UsageError(`--grey does not fit the model, which takes ${input.channels} channels`);
  }
  const std = perChannel(values.std ?? base?.std ?? [1], channels, '--std');
  if (std.some((value) => value <= 0)) throw new UsageError('--std must be greater than 0');
  return {
    kind: 'image',
    width: side('width'),
    height: side('height'),
    channels,
    scale: values.scale ?? base?.scale ?? 1 / 255,
    mean: perChannel(values.mean ?? base?.mean ?? [0], channels, '--mean'),
    std,
    resize: base?.resize ?? 'bilinear',
    layout: base?.layout ?? input!.layout,
  };
}

/** The same. A warning says that the scale of bytes is a guess, where neither the model nor a flag states it. */
export function modelPreprocess(values: PreprocessValues, model: ModelFacts): Preprocess | undefined {
  const spec = resolvePreprocess(values, model);
  const { features, scale, mean, std } = values;
  const stated = model.metadata[METADATA.preprocess] ?? features ?? scale ?? mean ?? std;
  if (spec && stated === undefined)
    warn('the model does not store its preprocessing; assuming byte / 255 (see --scale, --mean, --std)');
  return spec;
}

/** Class names from JSON (an array of strings) or one per line. */
function parseLabels(text: string, name: string): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  let labels: unknown = lines.filter((line) => line !== '');
  try {
    if (text.trimStart().startsWith('[')) labels = JSON.parse(text);
  } catch (cause) {
    throw new LutraError('INVALID_DATA', `${name} is not a JSON array of class names`, { cause });
  }
  if (!Array.isArray(labels) || labels.length === 0 || !labels.every((label) => typeof label === 'string')) {
    throw new LutraError('INVALID_DATA', `${name} is not a list of class names`);
  }
  if (new Set(labels).size !== labels.length) throw new LutraError('INVALID_DATA', `${name} names a class twice`);
  return labels;
}

/**
 * Class names: from `--labels` (a list with a comma, or a file), else from the model's metadata.
 * @throws {LutraError} `INVALID_DATA` or, for broken metadata, `INVALID_MODEL`.
 */
export async function resolveLabels(
  values: PreprocessValues,
  model: ModelFacts,
): Promise<readonly string[] | undefined> {
  const flag = values.labels;
  if (flag?.includes(',')) return parseLabels(flag.replaceAll(',', '\n'), '--labels');
  if (flag !== undefined) {
    const text = await readFile(flag, 'utf8').catch((cause: unknown) => {
      throw new LutraError('INVALID_DATA', `--labels ${flag} cannot be read`, {
        hint: 'Give a file, or names with commas',
        cause,
      });
    });
    return parseLabels(text, flag);
  }
  const stored = model.metadata[METADATA.labels];
  if (stored === undefined) return undefined;
  try {
    return parseLabels(stored, `metadata ${METADATA.labels}`);
  } catch (cause) {
    throw new LutraError('INVALID_MODEL', (cause as Error).message, { cause });
  }
}
