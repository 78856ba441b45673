import type { ImagePreprocess, Preprocess } from '../graph/metadata.js';
import { parsePreprocessJson } from '../speech/preprocess-fields.js';
import { checkAudioPreprocess } from '../speech/spec.js';
import { parsePreprocess } from './preprocess.js';

/**
 * Reads and checks the metadata entry `lutra.preprocess` of a network that takes images or sound.
 * @throws {LutraError} `INVALID_MODEL` naming the field that is wrong.
 */
export function readPreprocess(json: string): Preprocess {
  const value = parsePreprocessJson(json);
  return Object(value).kind === 'audio' ? checkAudioPreprocess(value) : parsePreprocess(json);
}

/** Sizes of the images that a network takes, from its input. Sizes that the model leaves open are names. */
export interface ImageInput {
  readonly layout: ImagePreprocess['layout'];
  readonly channels: 1 | 3 | undefined;
  readonly height: number | string | undefined;
  readonly width: number | string | undefined;
}

/** Reads [N, C, H, W] or [N, H, W, C] with 1 or 3 channels. Networks with other inputs take no images. */
export function imageInput(dims: readonly (number | string)[] | undefined): ImageInput | undefined {
  if (dims?.length !== 4) return undefined;
  const [, a, b, c] = dims;
  if (a === 1 || a === 3) return { layout: 'nchw', channels: a, height: b, width: c };
  if (c === 1 || c === 3) return { layout: 'nhwc', channels: c, height: a, width: b };
  return typeof a === 'string' ? { layout: 'nchw', channels: undefined, height: b, width: c } : undefined;
}
