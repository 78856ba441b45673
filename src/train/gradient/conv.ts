import { numberAttribute } from '../../graph/attributes.js';
import { type SpatialWindow, spatialWindow } from '../../ops/windows.js';
import type { Emitter, GradientRule } from '../types.js';
import { columns } from './columns.js';
import { range, reshape, sumOver, transpose } from './shapes.js';

/** x [N, C, ..], w [O, C/group, ..], optional bias [O] → y [N, O, ..]. */
export const CONV: GradientRule = {
  op: 'Conv',
  backward({ emitter, node, inputs, gradients, wanted }) {
    const [x, w] = inputs as [string, string];
    const gradient = gradients[0]!;
    const kernel = emitter.type(w).dims.slice(2);
    const window = spatialWindow(node, emitter.type(x).dims.slice(2), kernel);
    const group = numberAttribute(node, 'group', 1);
    return [
      wanted[0] ? inputGradient(emitter, gradient, w, window, group) : undefined,
      wanted[1] ? weightGradient(emitter, x, w, gradient, window, group) : undefined,
      wanted[2] ? sumOver(emitter, gradient, [0, ...range(kernel.length).map((axis) => axis + 2)]) : undefined,
    ];
  },
};

/** The transposed convolution of the output gradient. */
function inputGradient(emitter: Emitter, gradient: string, w: string, window: SpatialWindow, group: number): string {
  const { input, kernel, strides, dilations, begins, ends, output } = window;
  // Input positions that no window reaches at the end: the transposed convolution would leave them out.
  const rest = input.map((size, axis) => {
    const reach = (kernel[axis]! - 1) * dilations[axis]! + 1;
    return size + begins[axis]! + ends[axis]! - reach - (output[axis]! - 1) * strides[axis]!;
  });
  const pads = [...begins, ...ends];
  const attributes = { kernel_shape: kernel, strides, dilations, pads, group, output_padding: rest };
  return emitter.node('ConvTranspose', [gradient, w], attributes);
}

/** dY · columns(x): one matrix product over all positions of the micro-batch. */
function weightGradient(
  emitter: Emitter,
  x: string,
  w: string,
  gradient: string,
  window: SpatialWindow,
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
