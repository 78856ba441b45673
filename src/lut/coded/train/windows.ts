import { place } from '../../../train/gradient/rearrange.js';
import { range, reshape } from '../../../train/gradient/shapes.js';
import type { Emitter } from '../../../train/types.js';
import { isPoint, type Window, windowAttributes } from '../../window.js';

/** [channels · taps, 1, kh, kw]: weight t of every channel is 1 at tap t. */
function selectors(emitter: Emitter, like: string, channels: number, { kernel: [kh, kw] }: Window): string {
  const taps = kh * kw;
  const data = new Float32Array(channels * taps * taps);
  for (let row = 0; row < channels * taps; row++) data[row * taps + (row % taps)] = 1;
  return floats(emitter, like, [channels * taps, 1, kh, kw], data);
}

/** A constant of the float type of `like`. */
export function floats(emitter: Emitter, like: string, dims: readonly number[], data: ArrayLike<number>): string {
  const { type } = emitter.type(like);
  return emitter.constant(
    type === 'float64'
      ? { type, dims, data: Float64Array.from(data) }
      : { type: 'float32', dims, data: Float32Array.from(data) },
  );
}

/** Input rows that no window reaches at the end. */
function rest(size: number, axis: 0 | 1, { kernel, strides, pads }: Window): number {
  return (size + pads[axis] + pads[axis + 2]! - kernel[axis]) % strides[axis];
}

/**
 * The values under the window as channels: x [N, C, H, W] → [N, C·kh·kw, Ho, Wo], zero outside of the image. Channel c·kh·kw + t holds
 * tap t of channel c.
 */
export function unfold(emitter: Emitter, x: string, window: Window): string {
  if (isPoint(window)) return x;
  const channels = emitter.type(x).dims[1]!;
  const attributes = { ...windowAttributes(window), group: channels };
  return emitter.node('Conv', [x, selectors(emitter, x, channels, window)], attributes);
}

/** The adjoint of {@link unfold}: [N, C·kh·kw, Ho, Wo] → [N, C, H, W], values that came from one place added up. */
export function fold(emitter: Emitter, columns: string, dims: readonly number[], window: Window): string {
  if (isPoint(window)) return columns;
  const [, channels, height, width] = dims as [number, number, number, number];
  const remaining = [rest(height, 0, window), rest(width, 1, window)];
  const attributes = { ...windowAttributes(window), group: channels, output_padding: remaining };
  return emitter.node('ConvTranspose', [columns, selectors(emitter, columns, channels, window)], attributes);
}

interface Planes {
  readonly batch: number;
  readonly outputs: number;
  /** Spatial size of the codes and of the result. */
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
}

/**
 * Adds up what every tap looked up: z [N, taps·M, Hc·Wc], tap-major → y [N, M, Ho, Wo] with
 * y[n, m, oy, ox] = Σ z[n, (i·tw + j)·M + m, oy·sy + i − top, ox·sx + j − left].
 */
export function addTaps(emitter: Emitter, z: string, window: Window, { batch, outputs, from, to }: Planes): string {
  const [th, tw] = window.kernel;
  const [top, left, bottom, right] = window.pads;
  const planes = reshape(emitter, z, [batch, th * tw, outputs, ...from]);
  if (isPoint(window)) return reshape(emitter, planes, [batch, outputs, ...to]);
  const padded = window.pads.some((pad) => pad > 0)
    ? emitter.node('Pad', [planes, emitter.ints([0, 0, 0, top, left, 0, 0, 0, bottom, right])])
    : planes;
  const [sy, sx] = window.strides;
  const taps = range(th * tw).map((tap) => {
    const [i, j] = [Math.floor(tap / tw), tap % tw];
    const begins = emitter.ints([tap, i, j]);
    const ends = emitter.ints([tap + 1, i + (to[0] - 1) * sy + 1, j + (to[1] - 1) * sx + 1]);
    return emitter.node('Slice', [padded, begins, ends, emitter.ints([1, 3, 4]), emitter.ints([1, sy, sx])]);
  });
  const sum = taps.length === 1 ? taps[0]! : emitter.node('Sum', taps);
  return reshape(emitter, sum, [batch, outputs, ...to]);
}

/** The adjoint of {@link addTaps}: dy [N, M, Ho, Wo] → dz [N, taps·M, Hc·Wc]. */
export function spreadTaps(emitter: Emitter, dy: string, window: Window, { batch, outputs, from, to }: Planes): string {
  const [th, tw] = window.kernel;
  const area = from[0] * from[1];
  if (isPoint(window)) return reshape(emitter, dy, [batch, outputs, area]);
  const { strides } = window;
  const size = [(to[0] - 1) * strides[0] + 1, (to[1] - 1) * strides[1] + 1] as const;
  const spaced = size.reduce((x, length, axis) => place(emitter, x, axis + 2, 0, strides[axis]!, length), dy);
  const taps = range(th * tw).map((tap) => {
    const at = [Math.floor(tap / tw) - window.pads[0], (tap % tw) - window.pads[1]] as const;
    // Negative pads cut off what the tap read outside of the codes.
    const ends = at.map((begin, axis) => from[axis]! - size[axis]! - begin);
    const moved = emitter.node('Pad', [spaced, emitter.ints([0, 0, ...at, 0, 0, ...ends])]);
    return reshape(emitter, moved, [batch, outputs, area]);
  });
  return taps.length === 1 ? taps[0]! : emitter.node('Concat', taps, { axis: 1 });
}
