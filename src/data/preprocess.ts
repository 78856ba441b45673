import { LutraError } from '../errors.js';
import type { ImagePreprocess } from '../graph/metadata.js';
import type { TensorValue } from '../graph/types.js';
import type { PixelImage } from './dataset.js';
import { convertChannels, cropToAspect, resize } from './image.js';

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

const POSITIVE = (x: unknown): x is number => typeof x === 'number' && Number.isFinite(x) && x > 0;

/**
 * Reads and checks the `lutra.preprocess` metadata entry.
 * @throws {LutraError} `INVALID_MODEL` naming the field that is wrong.
 */
export function parsePreprocess(json: string): ImagePreprocess {
  const fail = (field: string, expected: string, value: unknown): never => {
    throw new LutraError('INVALID_MODEL', `metadata lutra.preprocess: ${field} is wrong`, {
      expected,
      actual: JSON.stringify(value) ?? 'nothing',
    });
  };
  let spec: Partial<ImagePreprocess>;
  try {
    spec = JSON.parse(json);
  } catch (cause) {
    throw new LutraError('INVALID_MODEL', 'metadata lutra.preprocess is not JSON', { cause });
  }
  if (typeof spec !== 'object' || spec === null || spec.kind !== 'image') return fail('kind', '"image"', spec?.kind);
  const { channels, layout, resize: method, scale, mean, std } = spec;
  for (const field of ['width', 'height'] as const) {
    const size = spec[field];
    if (!(Number.isInteger(size) && size! > 0 && size! <= 16384)) fail(field, 'an integer 1..16384', size);
  }
  if (channels !== 1 && channels !== 3) return fail('channels', '1 or 3', channels);
  if (layout !== 'nchw' && layout !== 'nhwc') return fail('layout', '"nchw" or "nhwc"', layout);
  if (method !== 'bilinear' && method !== 'nearest') return fail('resize', '"bilinear" or "nearest"', method);
  if (!POSITIVE(scale)) return fail('scale', 'a number > 0', scale);
  if (!(Array.isArray(mean) && mean.length === channels && mean.every(Number.isFinite))) {
    return fail('mean', `${channels} numbers`, mean);
  }
  if (!(Array.isArray(std) && std.length === channels && std.every(POSITIVE))) {
    return fail('std', `${channels} numbers > 0`, std);
  }
  return {
    kind: 'image',
    width: spec.width!,
    height: spec.height!,
    channels,
    scale,
    mean,
    std,
    resize: method,
    layout,
  };
}
