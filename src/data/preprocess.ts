import type { ImagePreprocess } from '../graph/metadata.js';
import type { TensorValue } from '../graph/types.js';
import { isPositive, parsePreprocessJson, preprocessFields } from '../speech/preprocess-fields.js';
import type { PixelImage } from './dataset.js';
import { convertChannels, cropToAspect, resize } from './image.js';

/** Largest width and height of a network's images. */
export const MAX_SIDE = 16384;

/** Shape of a batch of `count` preprocessed images. */
export function inputDims(spec: ImagePreprocess, count: number): number[] {
  return spec.layout === 'nchw'
    ? [count, spec.channels, spec.height, spec.width]
    : [count, spec.height, spec.width, spec.channels];
}

/**
 * Fits an image to a network: the largest centered part with the network's aspect ratio, resized, in its number of channels.
 * The bytes are the same on every platform.
 */
export function fitImage(image: PixelImage, spec: ImagePreprocess): PixelImage {
  const cropped = cropToAspect(image, spec.width, spec.height);
  return resize(convertChannels(cropped, spec.channels), spec.width, spec.height, spec.resize);
}

/** float32 value of every byte in every channel, [channels][256]: computed in double, rounded once. */
function byteValues(spec: ImagePreprocess): Float32Array {
  const values = new Float32Array(spec.channels * 256);
  for (let i = 0; i < values.length; i++) {
    const channel = i >> 8;
    values[i] = ((i & 255) * spec.scale - spec.mean[channel]!) / spec.std[channel]!;
  }
  return values;
}

/**
 * Turns images into one float32 batch, `[N, C, H, W]` or `[N, H, W, C]` as `spec.layout` says;
 * value = (byte · scale − mean[c]) / std[c]. Images of other sizes are fitted by {@link fitImage}.
 * The same bytes become the same floats in every browser and in Node.
 */
export function preprocess(images: readonly PixelImage[], spec: ImagePreprocess): TensorValue {
  const { width, height, channels, layout } = spec;
  const plane = width * height;
  const values = byteValues(spec);
  const data = new Float32Array(images.length * channels * plane);
  images.forEach((image, n) => {
    const { pixels } = fitImage(image, spec);
    const base = n * channels * plane;
    for (let i = 0; i < pixels.length; i++) {
      const channel = i % channels;
      const to = layout === 'nchw' ? channel * plane + (i - channel) / channels : i;
      data[base + to] = values[(channel << 8) | pixels[i]!]!;
    }
  });
  return { type: 'float32', dims: inputDims(spec, images.length), data };
}

/**
 * Reads and checks the `lutra.preprocess` metadata entry.
 * @throws {LutraError} `INVALID_MODEL` naming the field that is wrong.
 */
export function parsePreprocess(json: string): ImagePreprocess {
  const { field, integer } = preprocessFields(parsePreprocessJson(json), 'image');
  const oneOf = <T>(name: string, first: T, second: T) =>
    field<T>(name, `${JSON.stringify(first)} or ${JSON.stringify(second)}`, (x) => x === first || x === second);
  const channels = oneOf<1 | 3>('channels', 1, 3);
  const perChannel = (name: string, expected: string, fits: (x: unknown) => boolean) =>
    field<number[]>(name, `${channels} ${expected}`, (x) => Array.isArray(x) && x.length === channels && x.every(fits));
  return {
    kind: 'image',
    width: integer('width', 1, MAX_SIDE),
    height: integer('height', 1, MAX_SIDE),
    channels,
    scale: field('scale', 'a number > 0', isPositive),
    mean: perChannel('mean', 'numbers', Number.isFinite),
    std: perChannel('std', 'numbers > 0', isPositive),
    resize: oneOf('resize', 'bilinear', 'nearest'),
    layout: oneOf('layout', 'nchw', 'nhwc'),
  };
}
