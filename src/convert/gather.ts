import type { ActivationScale } from '../lut/activation.js';
import { outputSize, type Pair, type Window } from '../lut/window.js';
import { fitActivationScale } from './activation-range.js';
import { type Random, sampleIndices } from './random.js';

export type PlaneData = Float32Array | Uint8Array;

/** Activations of one value over the calibration data, batch by batch, as planes: each [n, channels, height, width]. */
export interface Planes<Data extends PlaneData = Float32Array> {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** One array per batch; images in order. */
  readonly batches: readonly Data[];
}

/** Images in all batches together. */
export function imageCount(planes: Planes<PlaneData>): number {
  const size = planes.channels * planes.height * planes.width;
  return planes.batches.reduce((sum, data) => sum + data.length / size, 0);
}

/** Random positions (image · height · width + y · width + x) of the images in [from, to), as shares of all; ascending. */
export function samplePositions(planes: Planes, from: number, to: number, count: number, random: Random): Uint32Array {
  const images = imageCount(planes);
  const area = planes.height * planes.width;
  const begin = Math.min(images - 1, Math.floor(images * from)) * area;
  const end = Math.max(begin + area, Math.floor(images * to) * area);
  return sampleIndices(end - begin, count, random).map((position) => position + begin);
}

/** Calls `visit` for positions (image · height · width + y · width + x) in ascending order of a grid with the batch that holds them. */
export function visitPositions<Data extends PlaneData>(
  planes: Planes<Data>,
  [height, width]: Pair,
  positions: Uint32Array,
  visit: (sample: number, data: Data, image: number, y: number, x: number) => void,
): void {
  const size = planes.channels * planes.height * planes.width;
  const area = height * width;
  let batch = 0;
  let firstImage = 0;
  for (let i = 0; i < positions.length; i++) {
    const position = positions[i]!;
    const image = Math.floor(position / area);
    while (image - firstImage >= planes.batches[batch]!.length / size) {
      firstImage += planes.batches[batch]!.length / size;
      batch++;
    }
    const rest = position - image * area;
    visit(i, planes.batches[batch]!, image - firstImage, Math.floor(rest / width), rest % width);
  }
}

/** Values that settle the range of an activation. */
const SCALE_SAMPLE = 1 << 16;

/** How Encode quantizes activations like these. */
export function scaleOf(planes: Planes): ActivationScale {
  return fitActivationScale(sampleValues(planes, SCALE_SAMPLE));
}

/** Up to `count` values spread evenly over all batches. */
function sampleValues(planes: Planes, count: number): Float32Array {
  const total = planes.batches.reduce((sum, data) => sum + data.length, 0);
  // An odd step visits every channel and position in turn.
  const step = Math.max(1, Math.floor(total / count)) | 1;
  const out = new Float32Array(Math.ceil(total / step));
  let at = 0;
  let skip = 0;
  for (const data of planes.batches) {
    let i = skip;
    for (; i < data.length; i += step) out[at++] = data[i]!;
    skip = i - data.length;
  }
  return out.subarray(0, at);
}

/**
 * What a window sees at sampled positions, cut into groups of channels; 0 outside the image.
 * @param group channels per group
 * @param positions ascending positions of the window
 * @returns per group [positions, group · kh · kw]
 */
export function gatherWindows(planes: Planes, window: Window, group: number, positions: Uint32Array): Float32Array[] {
  const { channels, height, width } = planes;
  const [kh, kw] = window.kernel;
  const [sy, sx] = window.strides;
  const [top, left] = window.pads;
  const v = group * kh * kw;
  const points = Array.from({ length: channels / group }, () => new Float32Array(positions.length * v));
  visitPositions(planes, outputSize(window, [height, width]), positions, (sample, data, image, y, x) => {
    for (let c = 0; c < channels; c++) {
      const out = points[Math.floor(c / group)]!;
      let to = sample * v + (c % group) * kh * kw;
      const plane = (image * channels + c) * height * width;
      for (let i = 0; i < kh; i++) {
        const row = y * sy + i - top;
        for (let j = 0; j < kw; j++, to++) {
          const column = x * sx + j - left;
          if (row < 0 || row >= height || column < 0 || column >= width) continue;
          out[to] = data[plane + row * width + column]!;
        }
      }
    }
  });
  return points;
}

/** Channel vectors at sampled positions. @returns [positions, channels] */
export function gatherVectors(planes: Planes, positions: Uint32Array): Float32Array {
  const { channels, height, width } = planes;
  const area = height * width;
  const out = new Float32Array(positions.length * channels);
  visitPositions(planes, [height, width], positions, (sample, data, image, y, x) => {
    const from = image * channels * area + y * width + x;
    for (let c = 0; c < channels; c++) out[sample * channels + c] = data[from + c * area]!;
  });
  return out;
}
