/** Resize and its predecessor Upsample. All modes are separable: every axis has its own list of weighted input positions. */
import { elementCount } from '../graph/tensor.js';
import type { DataType, Node } from '../graph/types.js';
import * as op from './define.js';
import type { Operator } from './operator.js';
import { gather, offsets, stridesOf } from './strides.js';

/** How one axis is resized. */
interface Axis {
  readonly input: number;
  readonly output: number;
  readonly scale: number;
  /** Crop window of tf_crop_and_resize, as fractions of the axis. */
  readonly roi: readonly [start: number, end: number];
}

interface Scaling {
  readonly axes: readonly Axis[];
  readonly mode: 'nearest' | 'linear' | 'cubic';
  readonly coordinates: string;
  readonly rounding: string;
}

const COORDINATES = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_crop_and_resize',
  'tf_half_pixel_for_nn',
] as const;
const POLICIES = ['stretch', 'not_larger', 'not_smaller'] as const;

/** Sums and quotients of positions are of single precision in every runtime, which decides where rounding follows. */
const f32 = Math.fround;

/** (o + 0.5) / scale − 0.5 */
function halfPixel(o: number, scale: number): number {
  return f32(f32(f32(o + 0.5) / scale) - 0.5);
}

/**
 * Position in the input that output position `o` shows. For align_corners the resized length is `size · scale` before it is
 * rounded down to `output`, as in the ONNX reference.
 */
function sourcePosition(axis: Axis, coordinates: string, o: number): number {
  const { input: size, output, scale } = axis;
  const [start, end] = axis.roi;
  const length = f32(size * scale);
  switch (coordinates) {
    case 'asymmetric':
      return f32(o / scale);
    case 'align_corners':
      return length === 1 ? 0 : f32((o * (size - 1)) / f32(length - 1));
    case 'pytorch_half_pixel':
      return output > 1 ? halfPixel(o, scale) : 0;
    case 'tf_half_pixel_for_nn':
      return f32(f32(o + 0.5) / scale);
    case 'tf_crop_and_resize':
      return output > 1
        ? start * (size - 1) + (o * (end - start) * (size - 1)) / (output - 1)
        : 0.5 * (start + end) * (size - 1);
    case 'half_pixel_symmetric': {
      // Keeps the centres together when scale · size is not whole.
      const offset = f32((size / 2) * f32(1 - f32(output / length)));
      return f32(f32(offset + f32(f32(o + 0.5) / scale)) - 0.5);
    }
    default:
      return halfPixel(o, scale);
  }
}

const ROUNDINGS: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Before version 11, as in onnxruntime's upsample.cc: down when an axis grows, up when it shrinks. */
const BY_SCALE = 'by_scale';

/** Weights of the input positions around a source position. Cubic: Keys 1981 with coefficient `a`. */
function kernelOf(mode: 'linear' | 'cubic', a: number): { radius: number; weight: (distance: number) => number } {
  if (mode === 'linear') return { radius: 1, weight: (d) => Math.max(0, 1 - Math.abs(d)) };
  const weight = (distance: number) => {
    const d = Math.abs(distance);
    if (d >= 2) return 0;
    return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  };
  return { radius: 2, weight };
}

/** Sizes, scales and crop windows of every axis from whichever inputs the version and the model use. */
function scaling(context: op.AnyContext): Scaling {
  const { node, opset } = context;
  const dims = op.dimsOf(context);
  const upsample = node.op === 'Upsample';
  const modern = opset >= 11 && !upsample;
  const modes = upsample || !modern ? (['nearest', 'linear'] as const) : (['nearest', 'linear', 'cubic'] as const);
  // The first versions were written before the coordinate modes had names, and resized like this.
  const coordinates = modern ? op.choice(node, 'coordinate_transformation_mode', COORDINATES) : 'asymmetric';
  const rounding = modern ? op.choice(node, 'nearest_mode', Object.keys(ROUNDINGS)) : BY_SCALE;
  const mode = op.choice<'nearest' | 'linear' | 'cubic'>(node, 'mode', modes);
  const axes = op.axesOf(node, (modern && op.ints(node, 'axes')) || dims.map((_, d) => d), dims.length);
  const present = (index: number) => {
    const list =
      context.inputs[index] && elementCount(context.inputs[index].dims) > 0 ? op.numbers(context, index) : undefined;
    if (list) op.checkEqual(node, `input ${index} has the wrong length`, axes.length, list.length);
    return list;
  };
  const scales = upsample && opset < 9 ? op.floats(node, 'scales') : present(modern ? 2 : 1);
  const sizes = modern ? present(3) : undefined;
  const one = (scales === undefined) !== (sizes === undefined);
  op.check(node, one, 'exactly one of scales and sizes is needed', 'one', scales ? 'both' : 'none');
  op.check(node, !scales || scales.length === axes.length, 'scales has the wrong length', axes.length, scales?.length);
  const valid = scales?.every((scale) => scale > 0 && scale < Infinity) !== false;
  op.check(node, valid, 'a scale is out of range', 'above 0', scales);
  let roi: number[] | undefined;
  if (coordinates === 'tf_crop_and_resize') {
    roi = op.numbers(context, 1);
    op.checkEqual(node, 'roi has the wrong length', 2 * axes.length, roi?.length);
  }
  const policy = sizes ? op.choice(node, 'keep_aspect_ratio_policy', POLICIES) : 'stretch';
  const ratios = sizes?.map((size, a) => f32(size / dims[axes[a]!]!)) ?? [];
  const common = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  return {
    mode,
    coordinates,
    rounding,
    axes: dims.map((size, d): Axis => {
      const a = axes.indexOf(d);
      if (a < 0) return { input: size, output: size, scale: 1, roi: [0, 1] };
      const window = roi ? ([roi[a]!, roi[a + axes.length]!] as const) : ([0, 1] as const);
      if (sizes) {
        op.check(node, size > 0 || sizes[a] === 0, 'an empty axis cannot grow', 0, sizes[a]);
        if (policy === 'stretch') return { input: size, output: sizes[a]!, scale: ratios[a] || 1, roi: window };
        return { input: size, output: Math.floor(common * size + 0.5), scale: common, roi: window };
      }
      const scale = scales![a]!;
      const extent = roi ? size * (window[1] - window[0]) : size;
      return { input: size, output: Math.floor(f32(extent * scale)), scale, roi: window };
    }),
  };
}

/** For every output position of an axis, the input positions and weights that make it (one of weight 1 for nearest). */
function contributions(
  node: Node,
  axis: Axis,
  { mode, coordinates, rounding }: Scaling,
): { at: number[]; weight: number[] }[] {
  const last = axis.input - 1;
  const clamp = (i: number) => Math.min(last, Math.max(0, i));
  const antialias = op.int(node, 'antialias', 0) !== 0;
  const stretch = antialias && axis.scale < 1 ? 1 / axis.scale : 1;
  const exclude = op.int(node, 'exclude_outside', 0) !== 0;
  const round = ROUNDINGS[rounding] ?? (axis.scale < 1 ? Math.ceil : Math.floor);
  return Array.from({ length: axis.output }, (_, o) => {
    if (axis.input === axis.output && axis.scale === 1 && coordinates !== 'tf_crop_and_resize')
      return { at: [o], weight: [1] };
    const source = sourcePosition(axis, coordinates, o);
    if (coordinates === 'tf_crop_and_resize' && (source < 0 || source > last)) return { at: [], weight: [] };
    if (mode === 'nearest') return { at: [clamp(round(source))], weight: [1] };
    const { radius, weight: kernel } = kernelOf(mode, op.float(node, 'cubic_coeff_a', -0.75));
    const reach = radius * stretch;
    const at: number[] = [];
    const weight: number[] = [];
    for (let i = Math.floor(source - reach) + 1; i < source + reach || i === Math.floor(source); i++) {
      if (exclude && (i < 0 || i > last)) continue;
      at.push(clamp(i));
      weight.push(kernel((i - source) / stretch));
    }
    const total = weight.reduce((a, b) => a + b, 0);
    return { at, weight: weight.map((w) => w / total) };
  });
}

function resample(x: op.Elements, dims: readonly number[], context: op.AnyContext, setup: Scaling): op.Elements {
  let current = x;
  const shape = [...dims];
  setup.axes.forEach((axis, d) => {
    const rows = contributions(context.node, axis, setup);
    if (rows.length === axis.input && rows.every(({ at, weight }, o) => at[0] === o && weight[0] === 1)) return;
    const inner = elementCount(shape.slice(d + 1));
    const outer = elementCount(shape.slice(0, d));
    const next = new Float64Array(outer * axis.output * inner);
    for (let n = 0; n < outer; n++) {
      rows.forEach(({ at, weight }, o) => {
        for (let i = 0; i < inner; i++) {
          let sum = 0;
          for (let k = 0; k < at.length; k++) sum += weight[k]! * current[(n * axis.input + at[k]!) * inner + i]!;
          next[(n * axis.output + o) * inner + i] = sum;
        }
      });
    }
    shape[d] = axis.output;
    current = next;
  });
  return current;
}

const resize = (name: string, opset: readonly [number, number], arity: readonly [number, number], attributes: string) =>
  op.define({
    name,
    opset,
    arity,
    types: [op.ANY, opset[0] < 11 ? ['float32'] : op.FLOAT.slice(), ['float32'], op.INT64],
    attributes,
    infer(context) {
      const type: DataType = op.typeOf(context);
      const setup = scaling(context);
      for (const name of ['antialias', 'exclude_outside']) op.int(context.node, name, 0);
      for (const name of ['cubic_coeff_a', 'extrapolation_value']) op.float(context.node, name, 0);
      if (setup.mode !== 'nearest' && !op.isFloat(type))
        op.refuse(context.node, `${setup.mode} of ${type} is not supported`, 'Cast to float32 first');
      const lost = setup.axes.some((axis) => axis.input === 0 && axis.output > 0);
      op.check(context.node, !lost, 'an empty axis cannot grow', 0, 'more');
      return [{ type, dims: setup.axes.map((axis) => axis.output) }];
    },
    evaluate(context, [y]) {
      const setup = scaling(context);
      const { node } = context;
      const [x, out] = [op.input(context), op.elements(y!)];
      if (setup.coordinates === 'tf_crop_and_resize') {
        // Outside of the image the extrapolation value replaces the whole sum, in every mode.
        const inside = setup.axes.map((axis) => contributions(node, axis, setup).map(({ at }) => (at.length ? 0 : 1)));
        const outside = offsets(inside);
        const values = resample(x, op.dimsOf(context), context, setup);
        const fill = op.float(node, 'extrapolation_value', 0);
        for (let i = 0; i < out.length; i++) out[i] = outside[i] ? fill : values[i]!;
      } else if (setup.mode === 'nearest') {
        const strides = stridesOf(op.dimsOf(context));
        const tables = setup.axes.map((axis, d) =>
          contributions(node, axis, setup).map(({ at }) => at[0]! * strides[d]!),
        );
        gather(x, offsets(tables), out);
      } else {
        const values = resample(x, op.dimsOf(context), context, setup);
        for (let i = 0; i < out.length; i++) out[i] = values[i]!;
      }
    },
  });

const MODERN =
  'mode coordinate_transformation_mode nearest_mode cubic_coeff_a exclude_outside extrapolation_value antialias axes keep_aspect_ratio_policy';

export const RESIZE: readonly Operator[] = [
  resize('Resize', [10, 10], [2, 2], 'mode'),
  resize('Resize', [11, op.LATEST], [1, 4], MODERN),
  resize('Upsample', [7, 8], [1, 1], 'mode scales'),
  resize('Upsample', [9, 10], [2, 2], 'mode'),
];
