import { type ActivationScale, quantizeActivation } from '../lut/activation.js';
import type { CodebookLayout } from '../lut/coded/fit/geometry.js';
import { fitActivationScale } from './activation-range.js';

export type PlaneData = Float32Array | Uint8Array | Int8Array;

/** Activations of one value over the calibration data, batch by batch, as planes: each [n, channels, height, width]. */
export interface Planes<Data extends PlaneData> {
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

/** Calls `visit` for positions (image · height · width + y · width + x) in ascending order with the batch that holds them. */
function visitPositions<Data extends PlaneData>(
  planes: Planes<Data>,
  height: number,
  width: number,
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
export function scaleOf(planes: Planes<Float32Array>): ActivationScale {
  return fitActivationScale(sampleValues(planes, SCALE_SAMPLE));
}

/** Up to `count` values spread evenly over all batches. */
function sampleValues(planes: Planes<Float32Array>, count: number): Float32Array {
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

/** Activations as Encode multiplies them: q − zero point, −127..127. */
export function quantizePlanes(planes: Planes<Float32Array>, scale: ActivationScale): Planes<Int8Array> {
  const batches = planes.batches.map((data) => {
    const quantized = new Int8Array(data.length);
    for (let i = 0; i < data.length; i++) quantized[i] = quantizeActivation(data[i]!, scale) - scale.zeroPoint;
    return quantized;
  });
  return { ...planes, batches };
}

/**
 * Sub-vectors of every codebook at sampled code positions; 0 outside the image.
 * @param planes quantized, or as they are
 * @param positions ascending positions of the code grid
 * @returns per codebook [positions, v]
 */
export function gatherPoints(
  planes: Planes<PlaneData>,
  layout: CodebookLayout,
  codeHeight: number,
  codeWidth: number,
  positions: Uint32Array,
): Float32Array[] {
  const { channels, height, width } = planes;
  const g = layout.geometry.channels;
  const [kh, kw] = layout.encode.kernel;
  const [sy, sx] = layout.encode.strides;
  const [top, left] = layout.encode.pads;
  const v = layout.values;
  const points = Array.from({ length: layout.codebooks }, () => new Float32Array(positions.length * v));
  visitPositions(planes, codeHeight, codeWidth, positions, (sample, data, image, y, x) => {
    for (let c = 0; c < channels; c++) {
      const out = points[Math.floor(c / g)]!;
      let to = sample * v + (c % g) * kh * kw;
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
export function gatherVectors(planes: Planes<Float32Array>, positions: Uint32Array): Float32Array {
  const { channels, height, width } = planes;
  const area = height * width;
  const out = new Float32Array(positions.length * channels);
  visitPositions(planes, height, width, positions, (sample, data, image, y, x) => {
    const from = image * channels * area + y * width + x;
    for (let c = 0; c < channels; c++) out[sample * channels + c] = data[from + c * area]!;
  });
  return out;
}
