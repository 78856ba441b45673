import { numberAttribute, numbersAttribute } from '../../graph/attributes.js';
import type { Node } from '../../graph/types.js';
import type { Emitter, GradientRule } from '../types.js';
import { columns, type Window } from './columns.js';
import { range, reshape, sumOver, transpose } from './shapes.js';

/** The window of a convolution or pooling node with `auto_pad` resolved. */
export function windowOf(
  node: Node,
  from: readonly number[],
  to: readonly number[],
  kernel: readonly number[],
): Window {
  const ones = from.map(() => 1);
  const strides = numbersAttribute(node, 'strides') ?? ones;
  const dilations = numbersAttribute(node, 'dilations') ?? ones;
  const mode = node.attributes.auto_pad ?? 'NOTSET';
  let pads = numbersAttribute(node, 'pads') ?? [...ones, ...ones].fill(0);
  if (mode === 'VALID') pads = pads.map(() => 0);
  if (mode === 'SAME_UPPER' || mode === 'SAME_LOWER') {
    const total = from.map((size, axis) => {
      const reach = (kernel[axis]! - 1) * dilations[axis]! + 1;
      return Math.max(0, (to[axis]! - 1) * strides[axis]! + reach - size);
    });
    const less = total.map((sum) => Math.floor(sum / 2));
    const more = total.map((sum, axis) => sum - less[axis]!);
    pads = mode === 'SAME_UPPER' ? [...less, ...more] : [...more, ...less];
  }
  return { kernel, strides, dilations, pads, from, to };
}

/** x [N, C, ..], w [O, C/group, ..], optional bias [O] → y [N, O, ..]. */
export const CONV: GradientRule = {
  domain: '',
  op: 'Conv',
  backward({ emitter, node, inputs, gradients, wanted }) {
    const [x, w] = inputs as [string, string];
    const gradient = gradients[0]!;
    const kernel = emitter.type(w).dims.slice(2);
    const window = windowOf(node, emitter.type(x).dims.slice(2), emitter.type(gradient).dims.slice(2), kernel);
    const group = numberAttribute(node, 'group', 1);
    return [
      wanted[0] ? inputGradient(emitter, gradient, w, window, group) : undefined,
      wanted[1] ? weightGradient(emitter, x, w, gradient, window, group) : undefined,
      wanted[2] ? sumOver(emitter, gradient, [0, ...range(kernel.length).map((axis) => axis + 2)]) : undefined,
    ];
  },
};

/** The transposed convolution of the output gradient. */
function inputGradient(emitter: Emitter, gradient: string, w: string, window: Window, group: number): string {
  const { kernel, strides, dilations, pads, from, to } = window;
  const rank = from.length;
  // Input rows that no window reaches at the end get what the transposed convolution would leave out.
  const rest = range(rank).map((axis) => {
    const reach = (kernel[axis]! - 1) * dilations[axis]! + 1;
    return from[axis]! + pads[axis]! + pads[axis + rank]! - reach - (to[axis]! - 1) * strides[axis]!;
  });
  const attributes = { kernel_shape: kernel, strides, dilations, pads, group, output_padding: rest };
  return emitter.node('ConvTranspose', [gradient, w], attributes);
}

/** dY · columns(x): one matrix product over all positions of the micro-batch. */
function weightGradient(
  emitter: Emitter,
  x: string,
  w: string,
  gradient: string,
  window: Window,
  group: number,
): string {
  const { dims } = emitter.type(w);
  const [outputs, channels] = [dims[0]!, dims[1]!];
  const cols = columns(emitter, x, window);
  const [positions, taps, all] = emitter.type(cols).dims as [number, number, number];
  if (channels === 1 && outputs === group) {
    const rows = range(dims.length - 2).map((axis) => axis + 2);
    const flat = reshape(emitter, transpose(emitter, gradient, [0, ...rows, 1]), [positions, 1, all]);
    const sums = sumOver(emitter, emitter.node('Mul', [cols, flat]), [0]);
    return reshape(emitter, transpose(emitter, sums, [1, 0]), dims);
  }
  const swapped = transpose(emitter, gradient, [1, 0, ...range(dims.length - 2).map((axis) => axis + 2)]);
  let product: string;
  if (group === 1) {
    const left = reshape(emitter, swapped, [outputs, positions]);
    product = emitter.node('MatMul', [left, reshape(emitter, cols, [positions, taps * all])]);
  } else {
    const left = reshape(emitter, swapped, [group, outputs / group, positions]);
    const split = reshape(emitter, cols, [positions, taps, group, channels]);
    const right = reshape(emitter, transpose(emitter, split, [2, 0, 1, 3]), [group, positions, taps * channels]);
    product = emitter.node('MatMul', [left, right]);
  }
  return reshape(emitter, transpose(emitter, reshape(emitter, product, [outputs, taps, channels]), [0, 2, 1]), dims);
}
