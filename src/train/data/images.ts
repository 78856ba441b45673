import type { Dataset } from '../../data/dataset.js';
import { fitImage } from '../../data/preprocess.js';
import { LutraError } from '../../errors.js';
import type { ImagePreprocess } from '../../graph/metadata.js';
import type { TrainingSet, Variation } from './training-set.js';
import { reflect, turned, warpPlane } from './warp.js';

export interface ImageVariation {
  /** Pixels that an image moves at most in each direction; what comes in is mirrored at the edge. Default 2. */
  readonly shift?: number;
  /**
   * Mirror images left to right: every image turns at every pass, from a random start (Jordan 2024, "94% on CIFAR-10", §3.6).
   * Default true; wrong for digits and letters.
   */
  readonly mirror?: boolean;
  /** Degrees that an image turns at most, either way. Default 0. */
  readonly rotate?: number;
  /** Share by which an image is enlarged or reduced at most, 0..0.9. Default 0. */
  readonly zoom?: number;
  /** Side of a square set to the mean; 0 for none (DeVries & Taylor 2017). Default 0. */
  readonly cutout?: number;
}

/** Labels of a data set, checked: every class index in range, and at least two classes present. */
export function checkedLabels(dataset: Dataset): { readonly labels: Int32Array; readonly classes: readonly string[] } {
  const { labels, description } = dataset;
  if (!labels) {
    throw new LutraError('INVALID_DATA', `${description} has no labels to learn from`, {
      hint: 'Sort the examples into one folder per class',
    });
  }
  const present = new Set(labels);
  if (present.size < 2) {
    throw new LutraError('INVALID_DATA', `${description}: all examples have the same label`, {
      expected: 'at least two classes',
      actual: `${present.size}`,
    });
  }
  const count = Math.max(...present) + 1;
  return { labels, classes: dataset.classes ?? Array.from({ length: count }, (_, i) => String(i)) };
}

/** Images decoded once and kept as bytes [count, channels, height, width]. */
export interface ImageBytes {
  readonly description: string;
  readonly labels: Int32Array;
  readonly classes: readonly string[];
  readonly bytes: Uint8Array;
}

/**
 * Decodes all images of a data set and fits them to width × height × channels.
 * @param onProgress share of the images read, 0..1
 * @throws LutraError `INVALID_DATA` as the data set does, and for data that are not labelled images.
 */
export async function readImages(
  dataset: Dataset,
  size: Pick<ImagePreprocess, 'width' | 'height' | 'channels'>,
  onProgress?: (fraction: number) => void,
): Promise<ImageBytes> {
  const { labels, classes } = checkedLabels(dataset);
  const { width, height, channels } = size;
  const plane = width * height;
  const bytes = new Uint8Array(dataset.count * channels * plane);
  const spec: ImagePreprocess = {
    kind: 'image',
    ...size,
    scale: 1,
    mean: [],
    std: [],
    resize: 'bilinear',
    layout: 'nchw',
  };
  let n = 0;
  for await (const sample of dataset.samples(Array.from({ length: dataset.count }, (_, i) => i))) {
    if (sample.kind !== 'image') {
      throw new LutraError('INVALID_DATA', `${sample.name} is not an image`, { hint: 'This network takes images' });
    }
    const { pixels } = fitImage(sample.image, spec);
    const base = n * channels * plane;
    for (let i = 0; i < plane; i++)
      for (let c = 0; c < channels; c++) bytes[base + c * plane + i] = pixels[i * channels + c]!;
    n++;
    if (n % 256 === 0) onProgress?.(n / dataset.count);
  }
  return { description: dataset.description, labels, classes, bytes };
}

/** Mean and standard deviation of every channel in 0..1, for `lutra.preprocess`; rounded, as they are written to files. */
export function channelStatistics(bytes: Uint8Array, channels: number, plane: number) {
  const mean: number[] = [];
  const std: number[] = [];
  const round = (x: number) => Math.round(x * 1e4) / 1e4;
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    let squares = 0;
    let count = 0;
    for (let at = c * plane; at < bytes.length; at += channels * plane) {
      for (let i = at; i < at + plane; i++) {
        sum += bytes[i]!;
        squares += bytes[i]! ** 2;
      }
      count += plane;
    }
    const average = sum / count;
    mean.push(round(average / 255));
    std.push(Math.max(1e-3, round(Math.sqrt(Math.max(0, squares / count - average ** 2)) / 255)));
  }
  return { mean, std };
}

/** A set of images for training. `spec.layout` must be nchw. */
export function imageSet(
  images: ImageBytes,
  spec: ImagePreprocess,
  { shift = 2, mirror = true, rotate = 0, zoom = 0, cutout = 0 }: ImageVariation = {},
): TrainingSet {
  const { width, height, channels } = spec;
  const plane = width * height;
  const size = channels * plane;
  const reach = Math.min(shift, width - 1, height - 1);
  const columns = new Int32Array(width);
  const warped = new Float32Array(plane);

  const write = (index: number, out: Float32Array, to: number, variation?: Variation) => {
    const { random } = variation ?? {};
    const dx = random ? Math.floor(random() * (2 * reach + 1)) - reach : 0;
    const dy = random ? Math.floor(random() * (2 * reach + 1)) - reach : 0;
    // The first pass flips half of the images, by the parity of a hash of the index, and each pass the others.
    const flip = variation && mirror ? ((Math.imul(index, 0x9e3779b1) >>> 16) + variation.epoch) & 1 : 0;
    for (let x = 0; x < width; x++) {
      const from = reflect(x + dx, width);
      columns[x] = flip ? width - 1 - from : from;
    }
    const warp =
      random && (rotate > 0 || zoom > 0)
        ? turned(width, height, ((2 * random() - 1) * rotate * Math.PI) / 180, 1 + (2 * random() - 1) * zoom)
        : undefined;
    for (let c = 0; c < channels; c++) {
      const start = index * size + c * plane;
      if (warp) warpPlane(images.bytes, start, width, height, warp, warped);
      const source = warp ? warped : images.bytes.subarray(start, start + plane);
      const [mean, deviation] = [spec.mean[c]!, spec.std[c]!];
      for (let y = 0; y < height; y++) {
        const row = reflect(y + dy, height) * width;
        const line = to + c * plane + y * width;
        for (let x = 0; x < width; x++) out[line + x] = (source[row + columns[x]!]! * spec.scale - mean) / deviation;
      }
    }
    if (random && cutout > 0) erase(out, to, Math.floor(random() * width), Math.floor(random() * height));
  };

  const erase = (out: Float32Array, to: number, centreX: number, centreY: number) => {
    const [left, top] = [centreX - (cutout >> 1), centreY - (cutout >> 1)];
    for (let c = 0; c < channels; c++)
      for (let y = Math.max(0, top); y < Math.min(height, top + cutout); y++) {
        const line = to + c * plane + y * width;
        out.fill(0, line + Math.max(0, left), line + Math.min(width, left + cutout));
      }
  };

  return {
    description: images.description,
    count: images.labels.length,
    classes: images.classes,
    labels: images.labels,
    inputDims: [channels, height, width],
    preprocess: spec,
    write,
  };
}
