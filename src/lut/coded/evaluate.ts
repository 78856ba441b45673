import { LOOKUP_DOMAIN, LOOKUP_OPSET, MAX_LEVEL } from '../../graph/lookup.js';
import { elementCount, toNumbers } from '../../graph/tensor.js';
import type { Node, TensorType } from '../../graph/types.js';
import { convGeometry, convolve } from '../../ops/conv.js';
import type { AnyContext, EvaluateContext, InferContext } from '../../ops/define.js';
import { check, define, dimsOf, input, int, ints } from '../../ops/define.js';
import type { Operator } from '../../ops/operator.js';
import type { Geometry } from '../../ops/windows.js';
import { listWindows, windowGeometry } from '../../ops/windows.js';

/** Bounds of docs/lookup-operators.md. Sums stay below 2^24, so that they are exact in float32 too. */
const MAX_CENTROIDS = 64;
const MAX_SCORE_BIAS = 2 ** 22;
const MAX_SUM = 2 ** 24;
const MAX_WEIGHT = 127;
const TREE_DEPTH = 4;
const TREE_CENTROIDS = 2 ** TREE_DEPTH;

/** What an encoder works on: x [N, C, H, W] → codes [N, codebooks, Ho, Wo], each of `depth` channels × the window. */
export interface EncodeShape {
  readonly centroids: number;
  readonly codebooks: number;
  readonly depth: number;
  readonly geometry: Geometry;
}

/** What LookUp works on: codes [N, codebooks, H, W] → y [N, outputs, Ho, Wo]. */
export interface LookUpShape {
  readonly centroids: number;
  readonly codebooks: number;
  readonly outputs: number;
  readonly geometry: Geometry;
}

function checkDims(context: AnyContext, index: number, name: string, expected: readonly number[]): void {
  const dims = dimsOf(context, index);
  check(context.node, `${dims}` === `${expected}`, `${name} has the wrong shape`, `[${expected}]`, `[${dims}]`);
}

/** Arrays that were found to lie in low..high: types are inferred many times, but large tables read once. */
const checked = new WeakMap<object, string>();

/** Every element of a constant input lies in low..high. Inputs computed at run time are not looked at. */
function checkRange(context: InferContext, index: number, name: string, low: number, high: number): void {
  const data = context.inputs[index]?.value?.data as Int8Array | undefined;
  const range = `${low}..${high}`;
  if (!data || checked.get(data) === range) return;
  let at = 0;
  while (at < data.length && data[at]! >= low && data[at]! <= high) at++;
  check(context.node, at === data.length, `${name} is out of range`, range, data[at]);
  checked.set(data, range);
}

function centroidCount(node: Node): number {
  const centroids = int(node, 'K');
  check(node, centroids >= 2 && centroids <= MAX_CENTROIDS, 'K is out of range', `2..${MAX_CENTROIDS}`, centroids);
  return centroids;
}

function checkRank(context: AnyContext, index: number, name: string): void {
  const rank = dimsOf(context, index).length;
  check(context.node, rank === 4, `${name} must have 4 dimensions`, 4, rank);
}

/** Shapes of an Encode or EncodeTree node; throws `INVALID_MODEL` where attributes and inputs contradict each other. */
export function encodeShape(context: AnyContext): EncodeShape {
  const { node } = context;
  const tree = node.op === 'EncodeTree';
  const centroids = centroidCount(node);
  checkRank(context, 0, 'x');
  const [, channels = 0, ...size] = dimsOf(context);
  const kernel = ints(node, 'kernel_shape') ?? [];
  const geometry = windowGeometry(node, size, kernel);
  const codebooks = int(node, 'group');
  check(node, codebooks >= 1 && channels % codebooks === 0, 'group does not divide the channels', channels, codebooks);
  const depth = channels / codebooks;
  checkDims(context, 1, 'x_scale', []);
  checkDims(context, 2, 'x_zero_point', []);
  if (tree) {
    check(node, centroids === TREE_CENTROIDS, 'a tree has 16 leaves', `K = ${TREE_CENTROIDS}`, centroids);
    checkDims(context, 3, 'features', [codebooks, TREE_DEPTH]);
    checkDims(context, 4, 'thresholds', [codebooks, TREE_CENTROIDS - 1]);
  } else {
    checkDims(context, 3, 'Q', [codebooks * centroids, depth, ...kernel]);
    checkDims(context, 4, 'b', [codebooks * centroids]);
  }
  return { centroids, codebooks, depth, geometry };
}

/** Shapes of a LookUp node; throws `INVALID_MODEL` where attributes and inputs contradict each other. */
export function lookUpShape(context: AnyContext): LookUpShape {
  const { node } = context;
  const centroids = centroidCount(node);
  checkRank(context, 0, 'codes');
  checkRank(context, 1, 'table');
  const [, codebooks = 0, ...size] = dimsOf(context);
  const [outputs = 0, rows = 0, ...window] = dimsOf(context, 1);
  check(node, rows === codebooks * centroids, 'table and codes do not fit', `${codebooks} · ${centroids} rows`, rows);
  const kernel = ints(node, 'kernel_shape') ?? window;
  check(node, `${kernel}` === `${window}`, 'kernel_shape does not repeat the table', `[${window}]`, `[${kernel}]`);
  checkDims(context, 2, 'scale', [outputs]);
  checkDims(context, 3, 'bias', [outputs]);
  return { centroids, codebooks, outputs, geometry: windowGeometry(node, size, kernel) };
}

/** x / scale rounded half to even, plus zero, clamped to 0..127; NaN gives 0. One float32 division. */
export function quantizeLevel(x: number, scale: number, zero: number): number {
  const ratio = Math.fround(x / scale);
  if (Number.isNaN(ratio)) return 0;
  const floor = Math.floor(ratio);
  const fraction = ratio - floor;
  const rounded = fraction === 0.5 ? floor + (floor & 1) : Math.round(ratio);
  return Math.min(MAX_LEVEL, Math.max(0, rounded + zero));
}

function checkLevels(context: InferContext): void {
  checkRange(context, 1, 'x_scale', Number.MIN_VALUE, Number.MAX_VALUE);
  checkRange(context, 2, 'x_zero_point', 0, MAX_LEVEL);
}

function checkSum({ node }: InferContext, what: string, largest: number, hint: string): void {
  check(node, largest < MAX_SUM, `${what} may exceed 2^24`, hint, largest);
}

function inferCodes(context: InferContext): TensorType[] {
  const { codebooks, geometry } = encodeShape(context);
  checkLevels(context);
  return [{ type: 'uint8', dims: [dimsOf(context)[0]!, codebooks, ...geometry.output] }];
}

/** Calls `encode` with every sub-vector of levels (order: channel, row, column) and stores the code it returns. */
function forEachSubVector(
  context: EvaluateContext,
  { depth, codebooks, geometry }: EncodeShape,
  codes: Uint8Array,
  encode: (levels: Int32Array, zero: number, codebook: number) => number,
): void {
  const scale = input(context, 1)[0]!;
  const zero = input(context, 2)[0]!;
  const levels = Uint8Array.from(context.inputs[0]!.data as Float32Array, (x) => quantizeLevel(x, scale, zero));
  const windows = listWindows(geometry);
  const size = elementCount(geometry.input);
  const taps = elementCount(geometry.kernel);
  const positions = elementCount(geometry.output);
  const vector = new Int32Array(depth * taps);
  codes.forEach((_, at) => {
    const p = at % positions;
    const book = Math.floor(at / positions);
    vector.fill(zero);
    for (let j = windows.start[p]!; j < windows.start[p + 1]!; j++) {
      for (let g = 0; g < depth; g++) {
        vector[g * taps + windows.tap[j]!] = levels[(book * depth + g) * size + windows.input[j]!]!;
      }
    }
    codes[at] = encode(vector, zero, book % codebooks);
  });
}

const ENCODE_ATTRIBUTES = 'K kernel_shape strides pads group';
const FLOAT32 = ['float32'] as const;
const UINT8 = ['uint8'] as const;
const INT8 = ['int8'] as const;
const INT32 = ['int32'] as const;
const DOMAIN = { domain: LOOKUP_DOMAIN, opset: [LOOKUP_OPSET, LOOKUP_OPSET] } as const;

const encode = define({
  ...DOMAIN,
  name: 'Encode',
  arity: [5, 5],
  types: [FLOAT32, FLOAT32, UINT8, INT8, INT32],
  attributes: ENCODE_ATTRIBUTES,
  infer(context) {
    const types = inferCodes(context);
    const { depth, geometry } = encodeShape(context);
    const taps = depth * geometry.kernel[0]! * geometry.kernel[1]!;
    checkRange(context, 3, 'Q', -MAX_WEIGHT, MAX_WEIGHT);
    checkRange(context, 4, 'b', -MAX_SCORE_BIAS, MAX_SCORE_BIAS);
    const biases = context.inputs[4]?.value;
    const bias = biases ? toNumbers(biases).reduce((most, b) => Math.max(most, Math.abs(b)), 0) : 0;
    checkSum(context, 'scores', taps * MAX_WEIGHT * MAX_LEVEL + bias, 'a smaller window, depth or bias');
    return types;
  },
  evaluate(context, outputs) {
    const shape = encodeShape(context);
    const { centroids } = shape;
    const weights = input(context, 3);
    const biases = input(context, 4);
    forEachSubVector(context, shape, outputs[0]!.data as Uint8Array, (levels, zero, codebook) => {
      let best = Number.NEGATIVE_INFINITY;
      let code = 0;
      for (let k = 0; k < centroids; k++) {
        const row = codebook * centroids + k;
        let score = biases[row]!;
        for (let e = 0; e < levels.length; e++) score += weights[row * levels.length + e]! * (levels[e]! - zero);
        if (score > best) {
          best = score;
          code = k;
        }
      }
      return code;
    });
  },
});

const encodeTree = define({
  ...DOMAIN,
  name: 'EncodeTree',
  arity: [5, 5],
  types: [FLOAT32, FLOAT32, UINT8, INT32, UINT8],
  attributes: ENCODE_ATTRIBUTES,
  infer(context) {
    const types = inferCodes(context);
    const { depth, geometry } = encodeShape(context);
    checkRange(context, 3, 'features', 0, depth * geometry.kernel[0]! * geometry.kernel[1]! - 1);
    checkRange(context, 4, 'thresholds', 0, MAX_LEVEL);
    return types;
  },
  evaluate(context, outputs) {
    const features = input(context, 3);
    const thresholds = input(context, 4);
    forEachSubVector(context, encodeShape(context), outputs[0]!.data as Uint8Array, (levels, _zero, codebook) => {
      let code = 0;
      for (let level = 0; level < TREE_DEPTH; level++) {
        const threshold = thresholds[codebook * (TREE_CENTROIDS - 1) + 2 ** level - 1 + code]!;
        code = 2 * code + (levels[features[codebook * TREE_DEPTH + level]!]! > threshold ? 1 : 0);
      }
      return code;
    });
  },
});

const lookUp = define({
  ...DOMAIN,
  name: 'LookUp',
  arity: [4, 4],
  types: [UINT8, INT8, FLOAT32, FLOAT32],
  attributes: 'K kernel_shape strides pads',
  infer(context) {
    const { codebooks, centroids, outputs, geometry } = lookUpShape(context);
    checkRange(context, 0, 'codes', 0, centroids - 1);
    checkRange(context, 1, 'table', -MAX_WEIGHT, MAX_WEIGHT);
    checkSum(context, 'sums', codebooks * elementCount(geometry.kernel) * MAX_WEIGHT, 'fewer codebooks or taps');
    return [{ type: 'float32', dims: [dimsOf(context)[0]!, outputs, ...geometry.output] }];
  },
  evaluate(context, [y]) {
    const { codebooks, centroids, outputs, geometry } = lookUpShape(context);
    const [codes, table, scale, bias] = [0, 1, 2, 3].map((index) => input(context, index));
    const windows = listWindows(geometry);
    const size = elementCount(geometry.input);
    const taps = elementCount(geometry.kernel);
    const positions = elementCount(geometry.output);
    const result = y!.data as Float32Array;
    result.forEach((_, at) => {
      const p = at % positions;
      const m = Math.floor(at / positions) % outputs;
      const first = Math.floor(at / positions / outputs) * codebooks;
      let sum = 0;
      for (let c = 0; c < codebooks; c++) {
        for (let j = windows.start[p]!; j < windows.start[p + 1]!; j++) {
          const code = codes![(first + c) * size + windows.input[j]!]!;
          if (code >= centroids) check(context.node, false, 'a code is out of range', `< ${centroids}`, code);
          sum += table![((m * codebooks + c) * centroids + code) * taps + windows.tap[j]!]!;
        }
      }
      // |sum| < 2^24, so the double product and sum are exact before their one rounding.
      result[at] = Math.fround(sum * scale![m]!) + bias![m]!;
    });
  },
});

/** Geometry of a QuantizedConv node; throws `INVALID_MODEL` where attributes and inputs contradict each other. */
export function quantizedConvGeometry(context: AnyContext): ReturnType<typeof convGeometry> {
  checkRank(context, 0, 'x');
  const result = convGeometry(context, 3, 5);
  checkDims(context, 1, 'x_scale', []);
  checkDims(context, 2, 'x_zero_point', []);
  checkDims(context, 4, 'scale', [result.dims[1]!]);
  return result;
}

const quantizedConv = define({
  ...DOMAIN,
  name: 'QuantizedConv',
  arity: [6, 6],
  types: [FLOAT32, FLOAT32, UINT8, INT8, FLOAT32, FLOAT32],
  attributes: 'kernel_shape strides pads',
  infer(context) {
    const { dims, geometry } = quantizedConvGeometry(context);
    checkLevels(context);
    checkRange(context, 3, 'W', -MAX_WEIGHT, MAX_WEIGHT);
    const terms = dimsOf(context)[1]! * elementCount(geometry.kernel);
    checkSum(context, 'sums', terms * MAX_WEIGHT * MAX_LEVEL, 'fewer channels or taps');
    return [{ type: 'float32', dims }];
  },
  evaluate(context, [y]) {
    const [x, xScale, zero, weights, scale, bias] = [0, 1, 2, 3, 4, 5].map((index) => input(context, index));
    const result = y!.data as Float32Array;
    convolve(
      context,
      quantizedConvGeometry(context),
      (i) => quantizeLevel(x![i]!, xScale![0]!, zero![0]!) - zero![0]!,
      (i) => weights![i]!,
      (i, sum, m) => (result[i] = Math.fround(sum * scale![m]!) + bias![m]!),
    );
  },
});

export const LOOKUP_OPERATORS: readonly Operator[] = [encode, encodeTree, lookUp, quantizedConv];
