import type { TensorValue } from '../../src/graph/types.js';
import { type Attributes, int64, type Make, MOVED, withAxes } from './draw.js';

export const concat: Make = (draw) => {
  const dims = draw.dims(1);
  const axis = draw.axis(dims.length);
  const at = axis < 0 ? axis + dims.length : axis;
  const type = draw.pick(MOVED);
  const inputs = draw.list(draw.int(1, 4), () => draw.tensor(type, dims.with(at, draw.int(1, 5))));
  return { inputs, attributes: { axis } };
};

export const split: Make = (draw) => {
  const axis = draw.int(0, 2);
  const parts = draw.list(draw.int(1, 4), () => draw.int(1, 3));
  const equal = draw.chance(0.4);
  const sizes = equal ? parts.map(() => 2) : parts;
  const dims = [2, 3, 4].with(
    axis,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  const x = draw.tensor(draw.pick(MOVED), dims);
  const attributes: Attributes = { axis: draw.opset >= 11 && draw.chance() ? axis - 3 : axis };
  if (equal && draw.chance()) {
    if (draw.opset >= 18) attributes.num_outputs = sizes.length;
    return { inputs: [x], attributes, outputs: sizes.length };
  }
  if (draw.opset < 13) return { inputs: [x], attributes: { ...attributes, split: sizes }, outputs: sizes.length };
  return { inputs: [x, int64(...sizes)], attributes, constant: [1], outputs: sizes.length };
};

export const slice: Make = (draw) => {
  const dims = draw.dims(1, 4, 7);
  const axes = draw.order(dims.length).slice(0, draw.int(1, dims.length));
  const steps = axes.map(() => (draw.opset < 10 ? 1 : draw.pick([1, 1, 2, -1, -2])));
  const bound = () => draw.int(-9, 9);
  const [starts, ends] = [
    axes.map(bound),
    axes.map((_, i) => (draw.chance(0.2) ? (steps[i]! > 0 ? 2 ** 31 - 1 : -(2 ** 31)) : bound())),
  ];
  const x = draw.tensor(draw.pick(MOVED), dims);
  if (draw.opset < 10) return { inputs: [x], attributes: { starts, ends, axes } };
  const signed = axes.map((axis) => (draw.chance() ? axis - dims.length : axis));
  const inputs = [x, int64(...starts), int64(...ends), int64(...signed)];
  if (steps.some((step) => step !== 1)) inputs.push(int64(...steps));
  return { inputs, constant: [1, 2, 3, 4] };
};

export const reshape: Make = (draw) => {
  const dims = draw.dims(1);
  const shape = draw.pick([
    [-1],
    [0, -1],
    dims.toReversed(),
    [...dims, 1],
    [1, -1, dims.at(-1)!],
    draw.list(dims.length, () => 0),
  ]);
  return { inputs: [draw.tensor(draw.pick(MOVED), dims), int64(...shape)], constant: [1] };
};

export const squeeze: Make = (draw) => {
  const dims = draw.dims(1).flatMap((dim) => (draw.chance(0.4) ? [1, dim] : [dim]));
  const ones = dims.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
  const axes = ones.length > 0 && draw.chance(0.7) ? ones.slice(0, draw.int(1, ones.length)) : undefined;
  return withAxes(draw, draw.tensor(draw.pick(MOVED), dims), axes, 13, {});
};

export const unsqueeze: Make = (draw) => {
  const dims = draw.dims(0, 3);
  const count = draw.int(1, 2);
  const rank = dims.length + count;
  const axes = draw
    .order(rank)
    .slice(0, count)
    .sort((a, b) => a - b);
  const signed = draw.opset >= 11 && draw.chance() ? axes.map((axis) => axis - rank) : axes;
  return withAxes(draw, draw.tensor(draw.pick(MOVED), dims), signed, 13, {});
};

export const pad: Make = (draw) => {
  const dims = draw.dims(1, 4, 6).map((dim) => dim + 1);
  const modes = ['constant', 'constant', 'edge', 'reflect'];
  const mode = draw.pick(draw.opset >= 19 ? [...modes, 'wrap'] : modes);
  const least = mode === 'constant' ? -1 : 0;
  const pads = [...dims, ...dims].map((_, i) => (dims[i % dims.length]! > 2 ? draw.int(least, 1) : draw.int(0, 1)));
  const attributes: Attributes = mode === 'constant' && draw.chance() ? {} : { mode };
  if (draw.opset < 11) {
    if (draw.chance()) attributes.value = 2.5;
    return { inputs: [draw.floats(dims)], attributes: { ...attributes, pads } };
  }
  const type = draw.pick(['float32', 'float32', 'float64', 'int32', 'int64'] as const);
  const inputs: (TensorValue | undefined)[] = [draw.tensor(type, dims), int64(...pads)];
  if (mode === 'constant' && draw.chance()) inputs.push(draw.tensor(type, [], 1, 3));
  return { inputs, attributes, constant: [1, 2] };
};

export const transpose: Make = (draw) => {
  const dims = draw.dims(0, 5);
  return {
    inputs: [draw.tensor(draw.pick(MOVED), dims)],
    attributes: draw.chance(0.8) ? { perm: draw.order(dims.length) } : {},
  };
};

export const gather: Make = (draw) => {
  const dims = draw.dims(1, 3);
  const axis = draw.axis(dims.length);
  const size = dims.at(axis)!;
  const indices = draw.tensor(draw.pick(['int64', 'int32']), draw.dims(0, 2), draw.opset >= 11 ? -size : 0, size - 1);
  return {
    inputs: [draw.tensor(draw.pick(MOVED), dims), indices],
    attributes: draw.chance(0.7) || axis !== 0 ? { axis } : {},
  };
};

export const gatherElements: Make = (draw) => {
  const dims = draw.dims(1, 3);
  const axis = draw.axis(dims.length);
  const size = dims.at(axis)!;
  const indices = draw.tensor('int64', dims.map((dim) => draw.int(1, dim)).with(axis, draw.int(1, 6)), -size, size - 1);
  return { inputs: [draw.tensor(draw.pick(MOVED), dims), indices], attributes: { axis } };
};

const scales = [0.5, 0.6, 1, 1.5, 2, 2.3, 3];

export const resize: Make = (draw) => {
  const spatial = draw.list(draw.pick([1, 2, 2, 2, 3]), () => draw.int(1, 6));
  const dims = [1, draw.int(1, 3), ...spatial];
  const x = draw.floats(dims);
  const factors = spatial.map(() => draw.pick(scales));
  if (draw.opset < 10) return undefined;
  if (draw.opset === 10) {
    const values = Float32Array.from([1, 1, ...factors]);
    return {
      inputs: [x, { type: 'float32', dims: [values.length], data: values }],
      attributes: { mode: draw.pick(['nearest', 'linear']) },
      constant: [1],
    };
  }
  const coordinates = ['half_pixel', 'asymmetric', 'pytorch_half_pixel', 'align_corners'];
  if (draw.opset >= 19) coordinates.push('half_pixel_symmetric');
  const mode = draw.pick(spatial.length === 2 ? ['nearest', 'linear', 'cubic'] : ['nearest', 'linear']);
  const attributes: Attributes = { mode, coordinate_transformation_mode: draw.pick(coordinates) };
  if (mode === 'nearest')
    attributes.nearest_mode = draw.pick(['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil']);
  if (mode === 'cubic' && draw.chance()) attributes.cubic_coeff_a = -0.5;
  if (mode === 'cubic' && draw.chance(0.3)) attributes.exclude_outside = 1;
  const roi: TensorValue = { type: 'float32', dims: [0], data: new Float32Array(0) };
  const omitted = draw.opset >= 13 ? undefined : roi;
  // Where scales do not give whole lengths, onnxruntime aligns the corners of the rounded result, ONNX's own tests do not.
  if (attributes.coordinate_transformation_mode !== 'align_corners' && draw.chance()) {
    const values = Float32Array.from([1, 1, ...factors]);
    const tensor: TensorValue = { type: 'float32', dims: [values.length], data: values };
    return { inputs: [x, omitted, tensor], attributes, constant: [1, 2] };
  }
  const sizes = int64(1, dims[1]!, ...spatial.map((size) => Math.max(1, Math.floor(size * draw.pick(scales)))));
  return { inputs: [x, omitted, draw.opset >= 13 ? undefined : roi, sizes], attributes, constant: [1, 2, 3] };
};

export const upsample: Make = (draw) => {
  if (draw.opset > 9) return undefined;
  const dims = [1, 2, draw.int(1, 5), draw.int(1, 5)];
  const factors = [1, 1, draw.pick([1, 1.5, 2, 3]), draw.pick([1, 2, 2.5])];
  const mode = draw.pick(['nearest', 'linear']);
  if (draw.opset < 9) return { inputs: [draw.floats(dims)], attributes: { mode, scales: factors } };
  const tensor: TensorValue = { type: 'float32', dims: [4], data: Float32Array.from(factors) };
  return { inputs: [draw.floats(dims), tensor], attributes: { mode }, constant: [1] };
};

export const expand: Make = (draw) => {
  if (draw.opset < 8) return undefined;
  const dims = draw.dims(1);
  return { inputs: [draw.tensor(draw.pick(MOVED), draw.broadcastable(dims)), int64(...dims)], constant: [1] };
};

export const tile: Make = (draw) => {
  const dims = draw.dims(1, 3);
  return { inputs: [draw.tensor(draw.pick(MOVED), dims), int64(...dims.map(() => draw.int(1, 3)))], constant: [1] };
};

export const shape: Make = (draw) => {
  const attributes: Attributes = {};
  if (draw.opset >= 15 && draw.chance()) attributes.start = draw.int(-3, 3);
  if (draw.opset >= 15 && draw.chance()) attributes.end = draw.int(-3, 3);
  return { inputs: [draw.floats(draw.dims())], attributes };
};

export const depthToSpace: Make = (draw) => {
  const block = draw.int(1, 3);
  const attributes: Attributes = { blocksize: block };
  if (draw.opset >= 11 && draw.chance()) attributes.mode = draw.pick(['DCR', 'CRD']);
  return { inputs: [draw.floats([2, block * block * draw.int(1, 3), draw.int(1, 4), draw.int(1, 4)])], attributes };
};

export const spaceToDepth: Make = (draw) => {
  const block = draw.int(1, 3);
  return {
    inputs: [draw.floats([2, draw.int(1, 3), block * draw.int(1, 3), block * draw.int(1, 3)])],
    attributes: { blocksize: block },
  };
};

export const flatten: Make = (draw) => {
  const dims = draw.dims(1);
  const axis = draw.int(draw.opset >= 11 ? -dims.length : 0, dims.length);
  return { inputs: [draw.tensor(draw.pick(MOVED), dims)], attributes: draw.chance(0.8) ? { axis } : {} };
};
