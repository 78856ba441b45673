import type { SpatialWindow } from '../../ops/windows.js';
import type { Emitter } from '../types.js';
import { range, reshape, transpose } from './shapes.js';

/**
 * Every window of x [N, C, ..] as a row: [N · positions, taps, C], zero outside of the image (im2col). One Gather of rows of
 * C numbers by constant indices, several times faster in onnxruntime than slices put together.
 */
export function columns(emitter: Emitter, x: string, window: SpatialWindow): string {
  const { dims } = emitter.type(x);
  const [batch, channels] = [dims[0]!, dims[1]!];
  const rank = dims.length;
  const pixels = dims.slice(2).reduce((a, b) => a * b, 1) * batch;
  const rows = reshape(emitter, transpose(emitter, x, [0, ...range(rank - 2).map((axis) => axis + 2), 1]), [
    pixels,
    channels,
  ]);
  const indices = windowIndices(window, batch);
  const taps = window.kernel.reduce((a, b) => a * b, 1);
  const positions = indices.length / taps;
  if (positions === pixels && taps === 1 && indices.every((index, i) => index === i)) {
    return reshape(emitter, rows, [pixels, 1, channels]);
  }
  // The row after the last one is zero and stands for everything outside.
  const padded = indices.includes(pixels) ? emitter.node('Pad', [rows, emitter.ints([0, 0, 1, 0])]) : rows;
  const at = emitter.constant({ type: 'int32', dims: [positions, taps], data: indices });
  return emitter.node('Gather', [padded, at], { axis: 0 });
}

/** Row of the input under every tap of every window, in the order batch, position, tap; the number of rows where a tap lies outside. */
export function windowIndices(window: SpatialWindow, batch: number): Int32Array {
  const { input, kernel, strides, dilations, begins, output } = window;
  let base = new Int32Array(1);
  let inside = Int32Array.of(1);
  let layout = { positions: 1, taps: 1 };
  for (const axis of range(input.length)) {
    const [size, count, reach] = [input[axis]!, output[axis]!, kernel[axis]!];
    const { positions, taps } = layout;
    const next = new Int32Array(base.length * count * reach);
    const nextInside = new Int32Array(next.length);
    let out = 0;
    for (let position = 0; position < positions; position++) {
      for (let step = 0; step < count; step++) {
        for (let tap = 0; tap < taps; tap++) {
          const outer = position * taps + tap;
          for (let offset = 0; offset < reach; offset++) {
            const at = step * strides[axis]! + offset * dilations[axis]! - begins[axis]!;
            next[out] = base[outer]! * size + at;
            nextInside[out++] = at >= 0 && at < size ? inside[outer]! : 0;
          }
        }
      }
    }
    base = next;
    inside = nextInside;
    layout = { positions: positions * count, taps: taps * reach };
  }
  const pixels = input.reduce((a, b) => a * b, 1);
  const indices = new Int32Array(base.length * batch);
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < base.length; i++) {
      indices[n * base.length + i] = inside[i] ? n * pixels + base[i]! : batch * pixels;
    }
  }
  return indices;
}
