import { numberAttribute, numbersAttribute } from '../../graph/attributes.js';
import { elementCount } from '../../graph/tensor.js';
import { nodeError } from '../../ops/operator.js';
import { listWindows, type SpatialWindow, spatialWindow } from '../../ops/windows.js';
import type { BackwardContext, Emitter, GradientRule } from '../types.js';
import { rule } from './registry.js';
import { expandTo, reshape, scale, zeros } from './shapes.js';

const GLOBAL_AVERAGE_POOL = rule({ op: 'GlobalAveragePool' }, ({ emitter, inputs, gradients }) => {
  const { dims } = emitter.type(inputs[0]!);
  const count = elementCount(dims.slice(2));
  return [expandTo(emitter, scale(emitter, gradients[0]!, 1 / count), dims)];
});

/** The gradient goes to the element that `Indices` names. */
const MAX_POOL: GradientRule = {
  op: 'MaxPool',
  forward({ emitter, node, inputs }) {
    const { storage_order: order, ...attributes } = node.attributes;
    if (order) throw nodeError(node, 'UNSUPPORTED', 'storage_order 1 is not supported');
    const outputs = emitter.nodes('MaxPool', inputs, 2, attributes);
    return { outputs, saved: { indices: outputs[1]! } };
  },
  backward({ emitter, inputs, gradients, saved }) {
    const { dims } = emitter.type(inputs[0]!);
    const blank = zeros(emitter, inputs[0]!, [elementCount(dims)]);
    const updates = reshape(emitter, gradients[0]!, [elementCount(emitter.type(gradients[0]!).dims)]);
    const indices = reshape(emitter, saved.indices!, [elementCount(emitter.type(gradients[0]!).dims)]);
    const flat = emitter.node('ScatterElements', [blank, indices, updates], { axis: 0, reduction: 'add' });
    return [reshape(emitter, flat, dims)];
  },
};

/** Spreads the gradient, divided by the number of averaged elements, over each window. */
const AVERAGE_POOL = rule({ op: 'AveragePool' }, (context) => {
  const { emitter, node, inputs, gradients } = context;
  const { dims, type } = emitter.type(inputs[0]!);
  const kernel = numbersAttribute(node, 'kernel_shape') ?? [];
  const window = spatialWindow(node, dims.slice(2), kernel, numberAttribute(node, 'ceil_mode', 0) !== 0);
  const shares = windowShares(window, numberAttribute(node, 'count_include_pad', 0) !== 0);
  const weights = emitter.constant({
    type,
    dims: [1, 1, ...window.output],
    data: type === 'float64' ? shares : Float32Array.from(shares),
  });
  const gradient = emitter.node('Mul', [gradients[0]!, weights]);
  return [reshape(emitter, spread(emitter, gradient, window, context), dims)];
});

/** 1 / (number of elements that a window averages) for every output position. */
function windowShares(window: SpatialWindow, includePads: boolean): Float64Array {
  const { input, begins, ends } = window;
  // Padding that counts is part of the image; what ceil_mode adds beyond it is not.
  const whole = input.map((size, axis) => size + begins[axis]! + ends[axis]!);
  const none = input.map(() => 0);
  const { start } = listWindows(includePads ? { ...window, input: whole, begins: none, ends: none } : window);
  return Float64Array.from({ length: start.length - 1 }, (_, at) => 1 / (start[at + 1]! - start[at]!));
}

/** Each output position's value added to every position of its window: [N · C, 1, ..]. */
function spread(emitter: Emitter, gradient: string, window: SpatialWindow, { inputs }: BackwardContext): string {
  const { input, kernel, strides, dilations, begins, output } = window;
  const planes = elementCount(emitter.type(inputs[0]!).dims.slice(0, 2));
  const reached = input.map(
    (_, axis) => (output[axis]! - 1) * strides[axis]! + (kernel[axis]! - 1) * dilations[axis]! + 1,
  );
  const ones = expandTo(emitter, emitter.scalar(1, gradient), [1, 1, ...kernel]);
  const planar = reshape(emitter, gradient, [planes, 1, ...output]);
  const whole = emitter.node('ConvTranspose', [planar, ones], { kernel_shape: kernel, strides, dilations });
  const last = input.map((size, axis) => size + begins[axis]! - reached[axis]!);
  if ([...begins, ...last].every((size) => size === 0)) return whole;
  const pads = [0, 0, ...begins.map((size) => -size || 0), 0, 0, ...last];
  return emitter.node('Pad', [whole, emitter.ints(pads)]);
}

export const POOLS: readonly GradientRule[] = [GLOBAL_AVERAGE_POOL, MAX_POOL, AVERAGE_POOL];
