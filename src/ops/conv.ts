import { elementCount } from '../graph/tensor.js';
import type { Node } from '../graph/types.js';
import type { AnyContext, Elements, EvaluateContext, InferContext } from './define.js';
import { check, define, dimsOf, elements, FLOAT, input, int, ints, refuse, typeOf } from './define.js';
import type { Operator } from './operator.js';
import type { Geometry } from './windows.js';
import { listWindows, windowAttributes, windowGeometry } from './windows.js';

const CONV_ATTRIBUTES = 'auto_pad dilations group kernel_shape pads strides';

function checkBias(context: AnyContext, index: number, channels: number): void {
  const dims = context.inputs[index]?.dims;
  check(
    context.node,
    !dims || (dims.length === 1 && dims[0] === channels),
    'bias has the wrong shape',
    `[${channels}]`,
    `[${dims}]`,
  );
}

function kernelShape(node: Node, weights: readonly number[]): readonly number[] {
  const kernel = weights.slice(2);
  const declared = ints(node, 'kernel_shape') ?? kernel;
  check(
    node,
    `${declared}` === `${kernel}`,
    'kernel_shape does not repeat the shape of the weights',
    `[${kernel}]`,
    `[${declared}]`,
  );
  return kernel;
}

/** Output shape of a convolution of x [N, C, ...] with w [M, C / group, ...], and how its windows lie. */
export function convGeometry(
  context: AnyContext,
  w = 1,
  bias = 2,
): { dims: number[]; geometry: Geometry; group: number } {
  const { node } = context;
  const x = dimsOf(context);
  const weights = dimsOf(context, w);
  check(node, x.length >= 3, 'the input has too few axes', 'at least 3', x.length);
  check(node, weights.length === x.length, 'weights and input differ in rank', x.length, weights.length);
  const group = int(node, 'group', 1);
  check(node, group >= 1, 'group is out of range', 'at least 1', group);
  check(node, x[1] === weights[1]! * group, 'channels of input and weights do not fit', weights[1]! * group, x[1]);
  check(
    node,
    weights[0]! % group === 0,
    'output channels are not a multiple of group',
    `a multiple of ${group}`,
    weights[0],
  );
  checkBias(context, bias, weights[0]!);
  const geometry = windowGeometry(node, x.slice(2), kernelShape(node, weights));
  return { dims: [x[0]!, weights[0]!, ...geometry.output], geometry, group };
}

/**
 * Convolution with sums in double precision. `x` and `w` are given as readers so that quantised forms can subtract zero
 * points; `store` receives the output offset, the sum and the output channel.
 */
export function convolve(
  context: EvaluateContext,
  { dims, geometry, group }: ReturnType<typeof convGeometry>,
  x: (offset: number) => number,
  w: (offset: number, channel: number) => number,
  store: (offset: number, sum: number, channel: number) => void,
): void {
  const [batch, channels] = dimsOf(context) as [number, number];
  const outChannels = dims[1]!;
  const windows = listWindows(geometry);
  const inputSize = elementCount(geometry.input);
  const outputSize = elementCount(geometry.output);
  const taps = elementCount(geometry.kernel);
  const depth = channels / group;
  const weights = new Float64Array(depth * taps);
  const planes = new Float64Array(depth * inputSize);
  for (let n = 0; n < batch; n++) {
    for (let g = 0; g < group; g++) {
      const plane = (n * channels + g * depth) * inputSize;
      for (let i = 0; i < planes.length; i++) planes[i] = x(plane + i);
      for (let m = (g * outChannels) / group; m < ((g + 1) * outChannels) / group; m++) {
        for (let i = 0; i < weights.length; i++) weights[i] = w(m * weights.length + i, m);
        for (let p = 0; p < outputSize; p++) {
          let sum = 0;
          for (let c = 0; c < depth; c++) {
            for (let j = windows.start[p]!; j < windows.start[p + 1]!; j++) {
              sum += planes[c * inputSize + windows.input[j]!]! * weights[c * taps + windows.tap[j]!]!;
            }
          }
          store((n * outChannels + m) * outputSize + p, sum, m);
        }
      }
    }
  }
}

const conv = define({
  name: 'Conv',
  arity: [2, 3],
  types: [FLOAT],
  attributes: CONV_ATTRIBUTES,
  infer: (context) => [{ type: typeOf(context), dims: convGeometry(context).dims }],
  evaluate(context, [y]) {
    const x = input(context);
    const w = input(context, 1);
    const bias = context.inputs[2] && input(context, 2);
    const out = elements(y!);
    convolve(
      context,
      convGeometry(context),
      (i) => x[i]!,
      (i) => w[i]!,
      (i, sum, m) => (out[i] = sum + (bias ? bias[m]! : 0)),
    );
  },
});

/** A transposed convolution is a convolution backwards: `geometry.input` is its output. */
function transposeGeometry(context: AnyContext): { dims: number[]; geometry: Geometry; group: number } {
  const { node } = context;
  const x = dimsOf(context);
  const weights = dimsOf(context, 1);
  const rank = x.length - 2;
  check(node, rank >= 1, 'the input has too few axes', 'at least 3', x.length);
  check(node, weights.length === x.length, 'weights and input differ in rank', x.length, weights.length);
  const group = int(node, 'group', 1);
  check(
    node,
    group >= 1 && x[1]! % group === 0,
    'channels are not a multiple of group',
    `a multiple of ${group}`,
    x[1],
  );
  check(node, x[1] === weights[0], 'channels of input and weights do not fit', weights[0], x[1]);
  const channels = weights[1]! * group;
  checkBias(context, 2, channels);
  const kernel = kernelShape(node, weights);
  const { strides, dilations, pads, autoPad } = windowAttributes(node, rank, kernel);
  const extra = ints(node, 'output_padding') ?? new Array<number>(rank).fill(0);
  const shape = ints(node, 'output_shape');
  check(node, extra.length === rank, 'output_padding has the wrong length', rank, extra.length);
  check(
    node,
    extra.every((pad) => pad >= 0),
    'output_padding is out of range',
    'at least 0',
    extra,
  );
  check(node, !shape || shape.length === rank, 'output_shape has the wrong length', rank, shape?.length);
  const begins: number[] = [];
  const ends: number[] = [];
  const output = x.slice(2);
  const size = output.map((count, d) => {
    const full = (count - 1) * strides[d]! + (kernel[d]! - 1) * dilations[d]! + 1 + extra[d]!;
    const same = autoPad.startsWith('SAME');
    const wanted = shape?.[d] ?? (same ? count * strides[d]! : undefined);
    if (wanted === undefined) {
      begins[d] = autoPad === 'VALID' ? 0 : pads[d]!;
      ends[d] = autoPad === 'VALID' ? 0 : pads[d + rank]!;
      return full - begins[d]! - ends[d]!;
    }
    const total = Math.max(0, full - wanted);
    const half = total >> 1;
    begins[d] = autoPad === 'SAME_UPPER' ? half : total - half;
    ends[d] = total - begins[d]!;
    // SAME never grows a result whose windows do not reach that far.
    return shape ? wanted : full - total;
  });
  const geometry = { input: size, kernel, strides, dilations, begins, ends, output };
  return { dims: [x[0]!, channels, ...size], geometry, group };
}

const convTranspose = define({
  name: 'ConvTranspose',
  arity: [2, 3],
  types: [FLOAT],
  attributes: `${CONV_ATTRIBUTES} output_padding output_shape`,
  infer: (context) => [{ type: typeOf(context), dims: transposeGeometry(context).dims }],
  evaluate(context, [y]) {
    const { dims, geometry, group } = transposeGeometry(context);
    const [x, w, out] = [input(context), input(context, 1), elements(y!)];
    const bias = context.inputs[2] && input(context, 2);
    const [batch, channels] = dimsOf(context) as [number, number];
    const outChannels = dims[1]! / group;
    const depth = channels / group;
    const windows = listWindows(geometry);
    const inputSize = elementCount(geometry.output);
    const outputSize = elementCount(geometry.input);
    const taps = elementCount(geometry.kernel);
    const sums = new Float64Array(outputSize);
    for (let n = 0; n < batch; n++) {
      for (let m = 0; m < dims[1]!; m++) {
        const first = Math.floor(m / outChannels) * depth;
        sums.fill(bias ? bias[m]! : 0);
        for (let c = first; c < first + depth; c++) {
          const plane = (n * channels + c) * inputSize;
          const row = (c * outChannels + (m % outChannels)) * taps;
          for (let p = 0; p < inputSize; p++) {
            for (let j = windows.start[p]!; j < windows.start[p + 1]!; j++) {
              const at = windows.input[j]!;
              sums[at] = sums[at]! + x[plane + p]! * w[row + windows.tap[j]!]!;
            }
          }
        }
        for (let i = 0; i < outputSize; i++) out[(n * dims[1]! + m) * outputSize + i] = sums[i]!;
      }
    }
  },
});

/** `com.microsoft` FusedConv: Conv, then an optional residual, then an activation (onnxruntime contrib operators). */
const ACTIVATIONS: Readonly<Record<string, (x: number, parameters: readonly number[]) => number>> = {
  '': (x) => x,
  Relu: (x) => Math.max(0, x),
  Tanh: Math.tanh,
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  LeakyRelu: (x, [alpha = 0.01]) => (x < 0 ? alpha * x : x),
  Clip: (x, [low = -Infinity, high = Infinity]) => Math.min(high, Math.max(low, x)),
  HardSigmoid: (x, [alpha = 0.2, beta = 0.5]) => Math.min(1, Math.max(0, alpha * x + beta)),
};

function fusedActivation(node: Node): (x: number) => number {
  const { activation = '', activation_params: list = [] } = node.attributes;
  const apply = typeof activation === 'string' ? ACTIVATIONS[activation] : undefined;
  if (!apply) refuse(node, `activation ${activation} is not supported`, `Known: ${Object.keys(ACTIVATIONS).join(' ')}`);
  return (x) => apply(x, list as readonly number[]);
}

const fusedConv = define({
  name: 'FusedConv',
  domain: 'com.microsoft',
  opset: [1, 1],
  arity: [2, 4],
  types: [FLOAT],
  attributes: `${CONV_ATTRIBUTES} activation activation_params`,
  infer(context: InferContext) {
    fusedActivation(context.node);
    const { dims } = convGeometry(context);
    const residual = context.inputs[3]?.dims;
    check(context.node, !residual || `${residual}` === `${dims}`, 'the residual has the wrong shape', dims, residual);
    return [{ type: typeOf(context), dims }];
  },
  evaluate(context, [y]) {
    conv.evaluate(context, [y!]);
    const apply = fusedActivation(context.node);
    const out: Elements = elements(y!);
    const residual = context.inputs[3] && input(context, 3);
    for (let i = 0; i < out.length; i++) out[i] = apply(out[i]! + (residual ? residual[i]! : 0));
  },
});

export const CONV: readonly Operator[] = [conv, convTranspose, fusedConv];
