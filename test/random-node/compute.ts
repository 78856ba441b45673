import { allocate } from '../../src/graph/tensor.js';
import type { DataType, TensorValue } from '../../src/graph/types.js';
import { type Attributes, type Draw, FLOATS, int64, type Make, NUMBERS, withAxes } from './draw.js';

export const unary =
  (types: readonly DataType[], low = -4, high = 4, attributes: (draw: Draw) => Attributes = () => ({})): Make =>
  (draw) => ({ inputs: [draw.tensor(draw.pick(types), draw.dims(), low, high)], attributes: attributes(draw) });

export const binary =
  (types: readonly DataType[], low = -4, high = 4): Make =>
  (draw) => {
    const type = draw.pick(types);
    const dims = draw.dims();
    const pair = [draw.tensor(type, dims, low, high), draw.tensor(type, draw.broadcastable(dims), low, high)];
    return { inputs: draw.chance(0.3) ? pair.reverse() : pair };
  };

export const variadic =
  (types: readonly DataType[]): Make =>
  (draw) => {
    const type = draw.pick(draw.opset < 12 ? FLOATS : types);
    const dims = draw.dims();
    return {
      inputs: draw.list(draw.int(1, 3), () => draw.tensor(type, draw.chance() ? dims : draw.broadcastable(dims))),
    };
  };

interface DrawnWindow {
  readonly spatial: readonly number[];
  readonly attributes: Attributes;
  readonly kernel: readonly number[];
}

function window(draw: Draw, dilated: boolean): DrawnWindow {
  const rank = draw.pick([1, 2, 2, 2, 3]);
  const spatial = draw.list(rank, () => draw.int(3, rank === 3 ? 5 : 9));
  const kernel = spatial.map((size) => draw.int(1, Math.min(size, 4)));
  const attributes: Attributes = { kernel_shape: kernel };
  if (draw.chance(0.7)) attributes.strides = spatial.map(() => draw.int(1, 3));
  if (dilated && draw.chance(0.4))
    attributes.dilations = kernel.map((size, i) => (size > 1 && (size - 1) * 2 < spatial[i]! ? 2 : 1));
  // With steps longer than the window SAME would need negative padding, which onnxruntime takes and TensorFlow does not.
  const overlaps = kernel.every((size, i) => size >= ((attributes.strides as number[] | undefined)?.[i] ?? 1));
  if (draw.chance(0.2)) attributes.auto_pad = overlaps ? draw.pick(['SAME_UPPER', 'SAME_LOWER', 'VALID']) : 'VALID';
  else if (draw.chance(0.7)) {
    const most = (i: number) => kernel[i]! - 1;
    attributes.pads = [...spatial, ...spatial].map((_, i) => draw.int(0, most(i % rank)));
  }
  return { spatial, attributes, kernel };
}

export const pool =
  (more: (draw: Draw) => Attributes, types: readonly DataType[] = FLOATS, outputs = 1): Make =>
  (draw) => {
    const { spatial, attributes } = window(draw, false);
    const dims = [draw.int(1, 2), draw.int(1, 5), ...spatial];
    if (draw.opset >= 10 && draw.chance(0.4)) attributes.ceil_mode = 1;
    return { inputs: [draw.tensor(draw.pick(types), dims)], attributes: { ...attributes, ...more(draw) }, outputs };
  };

export const conv: Make = (draw) => {
  const { spatial, attributes, kernel } = window(draw, true);
  const group = draw.pick([1, 1, 2, 4]);
  const [perGroup, out] = [draw.int(1, 3), draw.int(1, 5)];
  const type = draw.pick(['float32', 'float32', 'float32', 'float64'] as const);
  const inputs = [
    draw.tensor(type, [draw.int(1, 2), perGroup * group, ...spatial]),
    draw.tensor(type, [out * group, perGroup, ...kernel], -2, 2),
  ];
  if (draw.chance()) inputs.push(draw.tensor(type, [out * group]));
  if (draw.chance(0.3)) delete attributes.kernel_shape;
  return { inputs, attributes: { ...attributes, group } };
};

export const convTranspose: Make = (draw) => {
  const { spatial, attributes, kernel } = window(draw, true);
  const group = draw.pick([1, 1, 2]);
  const [perGroup, out] = [draw.int(1, 3), draw.int(1, 4)];
  const strides = (attributes.strides as number[] | undefined) ?? spatial.map(() => 1);
  if (draw.chance(0.3)) attributes.output_padding = strides.map((stride) => draw.int(0, stride - 1));
  const inputs = [
    draw.floats([draw.int(1, 2), perGroup * group, ...spatial]),
    draw.floats([perGroup * group, out, ...kernel], -2, 2),
  ];
  if (draw.chance()) inputs.push(draw.floats([out * group]));
  return { inputs, attributes: { ...attributes, group } };
};

export const matmul: Make = (draw) => {
  const type = draw.pick(['float32', 'float32', 'float64', 'int32', 'int64'] as const);
  const [rows, depth, columns] = [draw.int(1, 9), draw.int(1, 17), draw.int(1, 19)];
  const batch = draw.dims(0, 2, 3);
  const a = draw.chance(0.15) ? [depth] : [...batch, rows, depth];
  const b = draw.chance(0.15) ? [depth] : [...draw.broadcastable(batch), depth, columns];
  return { inputs: [draw.tensor(type, a), draw.tensor(type, b)] };
};

export const gemm: Make = (draw) => {
  const [rows, depth, columns] = [draw.int(1, 9), draw.int(1, 17), draw.int(1, 19)];
  const attributes: Attributes = {};
  const [transA, transB] = [draw.chance(), draw.chance()];
  if (transA) attributes.transA = 1;
  if (transB) attributes.transB = 1;
  if (draw.chance(0.4)) attributes.alpha = draw.pick([0.5, 2, -1]);
  if (draw.chance(0.4)) attributes.beta = draw.pick([0.5, 0, 3]);
  const type = draw.pick(['float32', 'float32', 'float64'] as const);
  const inputs = [
    draw.tensor(type, transA ? [depth, rows] : [rows, depth]),
    draw.tensor(type, transB ? [columns, depth] : [depth, columns]),
  ];
  const c = draw.pick([[], [columns], [1, columns], [rows, 1], [rows, columns], [1]]);
  if (draw.opset < 11 || draw.chance(0.7)) inputs.push(draw.tensor(type, c));
  return { inputs, attributes };
};

export const reduce =
  (
    since: number,
    low = -4,
    high = 4,
    types: readonly DataType[] = ['float32', 'float32', 'int32', 'float64', 'int64'],
  ): Make =>
  (draw) => {
    const dims = draw.dims(1);
    const count = draw.int(1, dims.length);
    const axes = draw
      .order(dims.length)
      .slice(0, count)
      .sort((a, b) => a - b);
    const signed = draw.opset >= 11 && draw.chance() ? axes.map((axis) => axis - dims.length) : axes;
    const attributes: Attributes = draw.chance(0.6) ? { keepdims: draw.int(0, 1) } : {};
    return withAxes(
      draw,
      draw.tensor(draw.pick(types), dims, low, high),
      draw.chance(0.8) ? signed : undefined,
      since,
      attributes,
    );
  };

export const argument: Make = (draw) => {
  const dims = draw.dims(1);
  const attributes: Attributes = {};
  if (draw.chance(0.8)) attributes.axis = draw.axis(dims.length);
  if (draw.chance()) attributes.keepdims = draw.int(0, 1);
  if (draw.opset >= 12 && draw.chance(0.4)) attributes.select_last_index = 1;
  return {
    inputs: [draw.tensor(draw.pick(['float32', 'int32', 'uint8', 'int8', 'float64']), dims, -2, 2)],
    attributes,
  };
};

export const softmax: Make = (draw) => {
  const dims = draw.dims(1);
  return {
    inputs: [draw.tensor(draw.pick(['float32', 'float32', 'float64']), dims)],
    attributes: draw.chance(0.8) ? { axis: draw.axis(dims.length) } : {},
  };
};

export const clip: Make = (draw) => {
  if (draw.opset < 11) {
    const attributes: Attributes = {};
    if (draw.chance()) attributes.min = -1.5;
    if (draw.chance()) attributes.max = 1;
    return { inputs: [draw.floats(draw.dims())], attributes };
  }
  const type = draw.pick(draw.opset < 12 ? FLOATS : NUMBERS);
  const x = draw.tensor(type, draw.dims());
  const low = draw.chance() ? draw.tensor(type, [], 0, 1) : undefined;
  const high = draw.chance() ? draw.tensor(type, [], 1, 3) : undefined;
  return { inputs: high ? [x, low, high] : low ? [x, low] : [x] };
};

export const batchNorm: Make = (draw) => {
  const channels = draw.int(1, 9);
  const dims = [draw.int(1, 3), channels, ...draw.dims(0, 3)];
  const vector = (low: number, high: number) => draw.floats([channels], low, high);
  return {
    inputs: [draw.floats(dims), vector(-2, 2), vector(-2, 2), vector(-2, 2), vector(1, 3)],
    attributes: draw.chance() ? { epsilon: 0.01 } : {},
  };
};

export const layerNorm: Make = (draw) => {
  if (draw.opset < 17) return undefined;
  const dims = draw.dims(1, 4, 6);
  const axis = draw.axis(dims.length);
  const normal = dims.slice(axis);
  const inputs = [draw.floats(dims), draw.floats(normal)];
  if (draw.chance()) inputs.push(draw.floats(normal));
  return { inputs, attributes: { axis, epsilon: 0.01 }, outputs: draw.pick([1, 3]) };
};

export const instanceNorm: Make = (draw) => {
  const channels = draw.int(1, 5);
  const dims = [draw.int(1, 2), channels, ...draw.dims(1, 2, 6)];
  return {
    inputs: [draw.floats(dims), draw.floats([channels]), draw.floats([channels])],
    attributes: { epsilon: 0.01 },
  };
};

export const where: Make = (draw) => {
  if (draw.opset < 9) return undefined;
  const dims = draw.dims();
  const type = draw.pick(['float32', 'int64', 'uint8', 'float64', 'int32'] as const);
  return {
    inputs: [
      draw.tensor('bool', draw.broadcastable(dims)),
      draw.tensor(type, dims),
      draw.tensor(type, draw.broadcastable(dims)),
    ],
  };
};

export const cast: Make = (draw) => {
  const from = draw.pick([
    'float32',
    'int32',
    'int64',
    'uint8',
    'int8',
    'bool',
    'float64',
    'float16',
    'uint16',
  ] as const);
  const numbers = [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13];
  return { inputs: [draw.tensor(from, draw.dims(), 0, 100)], attributes: { to: draw.pick(numbers) } };
};

export const pow: Make = (draw) => {
  const dims = draw.dims();
  const exponents = draw.chance() ? draw.tensor('float32', [], 0, 3) : draw.floats(draw.broadcastable(dims), 0, 3);
  if (draw.opset >= 12 && draw.chance(0.3))
    return { inputs: [draw.floats(dims, 1, 3), draw.tensor('int64', [], 0, 3)] };
  return { inputs: [draw.floats(dims, 1, 4), exponents] };
};

function quantization(
  draw: Draw,
  dims: readonly number[],
  type: DataType,
): { scale: TensorValue; zero: TensorValue; attributes: Attributes } {
  if (draw.opset >= 13 && dims.length > 1 && draw.chance()) {
    const axis = draw.axis(dims.length);
    const count = dims.at(axis)!;
    return { scale: draw.floats([count], 1, 2), zero: draw.tensor(type, [count], -3, 3), attributes: { axis } };
  }
  return { scale: draw.floats([], 1, 2), zero: draw.tensor(type, [], -3, 3), attributes: {} };
}

export const quantize: Make = (draw) => {
  if (draw.opset < 10) return undefined;
  const dims = draw.dims(1);
  const { scale, zero, attributes } = quantization(draw, dims, draw.pick(['uint8', 'int8']));
  return { inputs: [draw.floats(dims, -300, 300), scale, ...(draw.chance(0.8) ? [zero] : [])], attributes };
};

export const dequantize: Make = (draw) => {
  if (draw.opset < 10) return undefined;
  const dims = draw.dims(1);
  const type = draw.pick(['uint8', 'int8'] as const);
  const { scale, zero, attributes } = quantization(draw, dims, type);
  return { inputs: [draw.tensor(type, dims, -100, 100), scale, ...(draw.chance(0.8) ? [zero] : [])], attributes };
};

export const topK: Make = (draw) => {
  const dims = draw.dims(1, 3, 6);
  const axis = draw.axis(dims.length);
  const k = draw.int(1, dims.at(axis)!);
  // Equal elements have no order that all versions promise.
  const value = allocate('float32', dims);
  draw.order(value.data.length).forEach((x, i) => {
    value.data[i] = x;
  });
  if (draw.opset < 10) return { inputs: [value], attributes: { axis, k }, outputs: 2 };
  const attributes: Attributes = { axis };
  if (draw.opset >= 11 && draw.chance()) attributes.largest = 0;
  return { inputs: [value, int64(k)], attributes, constant: [1], outputs: 2 };
};

export const prelu: Make = (draw) => {
  const dims = draw.dims(1);
  return {
    inputs: [
      draw.floats(dims),
      draw.floats(draw.chance() ? draw.broadcastable(dims) : dims.map((d, i) => (i === 1 ? d : 1))),
    ],
  };
};

export const lrn: Make = (draw) => ({
  inputs: [draw.floats([1, draw.int(1, 8), draw.int(1, 4), draw.int(1, 4)])],
  attributes: { size: draw.pick([1, 3, 5]), alpha: 0.5, beta: 0.75, bias: 1.5 },
});

export const globalPool: Make = (draw) => ({
  inputs: [draw.floats([draw.int(1, 2), draw.int(1, 9), ...draw.dims(1, 3, 7)])],
});
