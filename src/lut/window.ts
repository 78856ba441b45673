import { numbersAttribute } from '../graph/attributes.js';
import type { Node } from '../graph/types.js';
import { windowCount } from '../ops/windows.js';

export type Pair = readonly [vertical: number, horizontal: number];
/** top, left, bottom, right */
export type Pads = readonly [number, number, number, number];

/** A window that slides over the pixels of a plane. */
export interface Window {
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly pads: Pads;
}

/** The window that sees every pixel by itself. */
export const POINT: Window = { kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] };

/** The window of a node. @param kernel the kernel where the node does not state it */
export function windowOf(node: Node, kernel: readonly number[] = [1, 1]): Window {
  const [kh = 1, kw = 1] = numbersAttribute(node, 'kernel_shape') ?? kernel;
  const [sy = 1, sx = 1] = numbersAttribute(node, 'strides') ?? [];
  const [top = 0, left = 0, bottom = 0, right = 0] = numbersAttribute(node, 'pads') ?? [];
  return { kernel: [kh, kw], strides: [sy, sx], pads: [top, left, bottom, right] };
}

/** The window as attributes of a node. */
export function windowAttributes({ kernel, strides, pads }: Window): Node['attributes'] {
  return { kernel_shape: [...kernel], strides: [...strides], pads: [...pads] };
}

/** Whether the window is {@link POINT}. */
export function isPoint({ kernel, strides, pads }: Window): boolean {
  return [...kernel, ...strides].every((n) => n === 1) && pads.every((n) => n === 0);
}

/** How many positions the window takes on a plane of `size` [height, width]. */
export function outputSize(
  { kernel, strides, pads }: Window,
  size: readonly [number, number] | readonly number[],
): Pair {
  const along = (axis: 0 | 1) => windowCount(size[axis]! + pads[axis] + pads[axis + 2]! - kernel[axis], strides[axis]);
  return [along(0), along(1)];
}
