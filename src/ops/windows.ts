import type { Node } from '../graph/types.js';
import { check, checkEqual, checkLeast, choice, ints } from './define.js';
import { checkLength, stridesOf } from './strides.js';

/** How a window slides over the spatial axes. All lists have one entry per spatial axis. */
export interface SpatialWindow {
  readonly input: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly begins: readonly number[];
  readonly ends: readonly number[];
  readonly output: readonly number[];
}

function listOf(node: Node, name: string, length: number, otherwise: number, least: number): number[] {
  const list = ints(node, name) ?? new Array<number>(length).fill(otherwise);
  checkEqual(node, `${name} has the wrong length`, length, list.length);
  checkLeast(node, name, list, least);
  return list;
}

/** Kernel shape, strides, dilations and padding attributes of convolutions and pools, checked. */
export function windowAttributes(node: Node, rank: number, kernel: readonly number[]) {
  checkEqual(node, 'kernel_shape has the wrong length', rank, kernel.length);
  checkLeast(node, 'kernel_shape', kernel, 1);
  return {
    kernel,
    strides: listOf(node, 'strides', rank, 1, 1),
    dilations: listOf(node, 'dilations', rank, 1, 1),
    pads: listOf(node, 'pads', 2 * rank, 0, 0),
    autoPad: choice(node, 'auto_pad', ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID']),
  };
}

/** How many positions a window takes: `room` is the padded size less the extent of the window. */
export function windowCount(room: number, stride: number, ceil = false): number {
  return (ceil ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
}

/** Output sizes and resolved padding of a convolution or pool. */
export function spatialWindow(
  node: Node,
  input: readonly number[],
  kernel: readonly number[],
  ceil = false,
): SpatialWindow {
  const rank = input.length;
  const { strides, dilations, pads, autoPad } = windowAttributes(node, rank, kernel);
  const begins: number[] = [];
  const ends: number[] = [];
  const output = input.map((size, d) => {
    const stride = strides[d]!;
    const extent = (kernel[d]! - 1) * dilations[d]! + 1;
    if (autoPad.startsWith('SAME')) {
      const count = Math.ceil(size / stride);
      checkLength(count);
      const total = Math.max(0, (count - 1) * stride + extent - size);
      const small = total >> 1;
      begins[d] = autoPad === 'SAME_UPPER' ? small : total - small;
      ends[d] = total - begins[d]!;
      return count;
    }
    const padded = autoPad === 'VALID';
    const begin = (begins[d] = padded ? 0 : pads[d]!);
    const end = (ends[d] = padded ? 0 : pads[d + rank]!);
    const room = size + begin + end - extent;
    check(node, room >= 0, `the window is larger than padded axis ${d + 2}`, `at most ${size + begin + end}`, extent);
    const count = windowCount(room, stride, ceil);
    checkLength(count);
    // With ceil_mode a last window that would start in the end padding is dropped.
    return ceil && (count - 1) * stride >= size + begin ? count - 1 : count;
  });
  return { input, kernel, strides, dilations, begins, ends, output };
}

/**
 * Every pair of an output position and an input position under its window, in compressed rows:
 * output position p reads `input[j]` with kernel tap `tap[j]` for `start[p] <= j < start[p + 1]`.
 * Taps outside of the input are left out. Offsets are within one channel.
 */
export interface WindowIndices {
  readonly start: Int32Array;
  readonly input: Int32Array;
  readonly tap: Int32Array;
}

/** Lists all windows; the same lists serve every batch item and channel. */
export function listWindows(window: SpatialWindow): WindowIndices {
  const { input, kernel, strides, dilations, begins, output } = window;
  const inputStrides = stridesOf(input);
  const kernelStrides = stridesOf(kernel);
  // Per axis the windows are short lists of (input, tap); windows over all axes are their products.
  let start = Int32Array.of(0, 1);
  let at = Int32Array.of(0);
  let tap = Int32Array.of(0);
  for (let d = 0; d < input.length; d++) {
    const axisInput: number[] = [];
    const axisTap: number[] = [];
    const axisStart = [0];
    for (let o = 0; o < output[d]!; o++) {
      for (let k = 0; k < kernel[d]!; k++) {
        const i = o * strides[d]! - begins[d]! + k * dilations[d]!;
        if (i >= 0 && i < input[d]!) {
          axisInput.push(i * inputStrides[d]!);
          axisTap.push(k * kernelStrides[d]!);
        }
      }
      axisStart.push(axisInput.length);
    }
    const rows = start.length - 1;
    const columns = output[d]!;
    const nextStart = new Int32Array(rows * columns + 1);
    const nextAt = new Int32Array(at.length * axisInput.length);
    const nextTap = new Int32Array(nextAt.length);
    let count = 0;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        for (let j = start[r]!; j < start[r + 1]!; j++) {
          for (let k = axisStart[c]!; k < axisStart[c + 1]!; k++) {
            nextAt[count] = at[j]! + axisInput[k]!;
            nextTap[count++] = tap[j]! + axisTap[k]!;
          }
        }
        nextStart[r * columns + c + 1] = count;
      }
    }
    start = nextStart;
    at = nextAt;
    tap = nextTap;
  }
  return { start, input: at, tap };
}
