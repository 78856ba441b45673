import { LutraError } from '../errors.js';
import type { ImagePreprocess } from '../graph/metadata.js';
import type { PixelImage } from './dataset.js';

/** Fraction bits of a resampling weight: 8 bits of pixel and 2 bits of headroom stay free in an int32, as in Pillow. */
const WEIGHT_BITS = 22;
const HALF = 1 << (WEIGHT_BITS - 1);

/**
 * Checks that the buffer holds what the size says.
 * @throws {LutraError} `INVALID_ARGUMENT`.
 */
export function makeImage(width: number, height: number, channels: 1 | 3, pixels: Uint8Array): PixelImage {
  const expected = width * height * channels;
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0) || pixels.length !== expected) {
    throw new LutraError('INVALID_ARGUMENT', 'image bytes do not fit its size', {
      expected: `${width}×${height}×${channels} = ${expected} bytes`,
      actual: `${pixels.length}`,
    });
  }
  return { width, height, channels, pixels };
}

/** An image from its planes [channels, height, width]. */
export function fromPlanes(width: number, height: number, channels: 1 | 3, planes: Uint8Array): PixelImage {
  const plane = width * height;
  const from = (i: number) => planes[(i % channels) * plane + Math.trunc(i / channels)]!;
  return makeImage(
    width,
    height,
    channels,
    Uint8Array.from(planes, (_, i) => from(i)),
  );
}

/** Grey becomes R = G = B. Color becomes the ITU-R 601 luma, rounded in integers as Pillow's `convert('L')` does. */
export function convertChannels(image: PixelImage, channels: 1 | 3): PixelImage {
  if (image.channels === channels) return image;
  const count = image.width * image.height;
  const from = image.pixels;
  const pixels = new Uint8Array(count * channels);
  for (let i = 0; i < count; i++) {
    if (channels === 3) pixels.fill(from[i]!, i * 3, i * 3 + 3);
    else pixels[i] = (from[i * 3]! * 19595 + from[i * 3 + 1]! * 38470 + from[i * 3 + 2]! * 7471 + 0x8000) >> 16;
  }
  return { ...image, channels, pixels };
}

/** The largest centered part with the aspect ratio width : height. */
export function cropToAspect(image: PixelImage, width: number, height: number): PixelImage {
  const cropWidth = Math.max(1, Math.min(image.width, Math.round((image.height * width) / height)));
  const cropHeight = Math.max(1, Math.min(image.height, Math.round((image.width * height) / width)));
  if (cropWidth === image.width && cropHeight === image.height) return image;
  const left = (image.width - cropWidth) >> 1;
  const top = (image.height - cropHeight) >> 1;
  const rowBytes = cropWidth * image.channels;
  const pixels = new Uint8Array(rowBytes * cropHeight);
  for (let y = 0; y < cropHeight; y++) {
    const start = ((top + y) * image.width + left) * image.channels;
    pixels.set(image.pixels.subarray(start, start + rowBytes), y * rowBytes);
  }
  return { ...image, width: cropWidth, height: cropHeight, pixels };
}

interface LineFilter {
  /** First source position that contributes. */
  readonly start: number;
  /** Integer weights, summing to about 1 << WEIGHT_BITS. */
  readonly weights: Int32Array;
}

/** Triangle filter. When an image shrinks, the filter is widened by the same factor, so that pixels are averaged and not skipped. */
function bilinearWindows(from: number, to: number): LineFilter[] {
  const scale = from / to;
  const support = Math.max(1, scale);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    const raw = Array.from({ length: end - start }, (_, x) =>
      Math.max(0, 1 - Math.abs((x + start - centre + 0.5) * (1 / support))),
    );
    const sum = raw.reduce((total, weight) => total + weight, 0);
    return { start, weights: Int32Array.from(raw, (w) => Math.trunc((w / sum) * (1 << WEIGHT_BITS) + 0.5)) };
  });
}

function nearestWindows(from: number, to: number): LineFilter[] {
  const weights = Int32Array.of(1 << WEIGHT_BITS);
  return Array.from({ length: to }, (_, i) => ({ start: Math.trunc((i + 0.5) * (from / to)), weights }));
}

/** Filters pixels [outer, from, inner] along the middle axis. */
function resample(pixels: Uint8Array, from: number, inner: number, windows: readonly LineFilter[]): Uint8Array {
  const outer = pixels.length / (from * inner);
  const result = new Uint8Array(outer * windows.length * inner);
  let to = 0;
  for (let line = 0; line < outer; line++) {
    for (const { start, weights } of windows) {
      const first = (line * from + start) * inner;
      for (let i = first; i < first + inner; i++) {
        let sum = HALF;
        for (let k = 0; k < weights.length; k++) sum += weights[k]! * pixels[i + k * inner]!;
        result[to++] = Math.max(0, Math.min(255, sum >> WEIGHT_BITS));
      }
    }
  }
  return result;
}

/**
 * Resizes to width × height, horizontally then vertically, in integer arithmetic: the same bytes in every engine.
 * `bilinear` is antialiased when it shrinks. It computes the bytes of Pillow's `Image.resize(size, BILINEAR)`
 * (src/libImaging/Resample.c), with which most networks were trained. `nearest` takes the pixel under each center.
 */
export function resize(
  image: PixelImage,
  width: number,
  height: number,
  method: ImagePreprocess['resize'],
): PixelImage {
  const windows = method === 'nearest' ? nearestWindows : bilinearWindows;
  const { channels } = image;
  let { pixels } = image;
  if (image.width !== width) pixels = resample(pixels, image.width, channels, windows(image.width, width));
  if (image.height !== height) pixels = resample(pixels, image.height, width * channels, windows(image.height, height));
  return { width, height, channels, pixels };
}
