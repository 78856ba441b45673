import { parsePreprocess } from '../data/preprocess.js';
import { LutraError } from '../errors.js';
import { type ImagePreprocess, METADATA } from '../graph/metadata.js';
import type { InferenceSessionApi } from '../session/types.js';

/**
 * How images become the network's input. The file's metadata say so. Without metadata, images have the declared size of the input, in RGB
 * or grey, and bytes are scaled to 0..1.
 *
 * @throws LutraError `UNSUPPORTED` when the first input is not one image, `INVALID_MODEL` when the metadata are wrong.
 */
export function imagePreprocess(session: Pick<InferenceSessionApi, 'metadata' | 'inputMetadata'>): ImagePreprocess {
  const stated = session.metadata[METADATA.preprocess];
  if (stated !== undefined) return parsePreprocess(stated);
  const dims = session.inputMetadata[0]?.dims ?? [];
  const [, channels, height, width] = dims;
  if ((channels !== 1 && channels !== 3) || typeof height !== 'number' || typeof width !== 'number') {
    throw new LutraError('UNSUPPORTED', 'the network does not take one image', {
      expected: '[N, 1 or 3, height, width]',
      actual: `[${dims.join(', ')}]`,
    });
  }
  const mean = new Array<number>(channels).fill(0);
  const std = new Array<number>(channels).fill(1);
  return { kind: 'image', width, height, channels, scale: 1 / 255, mean, std, resize: 'bilinear', layout: 'nchw' };
}
