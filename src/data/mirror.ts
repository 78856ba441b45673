import type { ImagePreprocess } from '../graph/metadata.js';
import type { TensorValue } from '../graph/types.js';

/**
 * Mirrored images: columns in reverse order.
 * @param input float32 [N, C, H, W] or [N, H, W, C], as `layout` says
 */
export function mirrorImages(input: TensorValue, layout: ImagePreprocess['layout']): TensorValue {
  const [width, pixel] = layout === 'nchw' ? [input.dims[3]!, 1] : [input.dims[2]!, input.dims[3]!];
  const from = input.data as Float32Array;
  const data = new Float32Array(from.length);
  for (let row = 0; row < from.length; row += width * pixel) {
    for (let x = 0; x < width; x++) {
      const at = row + (width - 1 - x) * pixel;
      data.set(from.subarray(at, at + pixel), row + x * pixel);
    }
  }
  return { ...input, data };
}
