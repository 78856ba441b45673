import { elementCount, toNumbers } from '../../graph/tensor.js';
import type { DataType, Node } from '../../graph/types.js';
import type { AnyContext, EvaluateContext, InferContext } from '../../ops/define.js';
import { check, dimsOf, input, int, ints } from '../../ops/define.js';
import type { Operator } from '../../ops/operator.js';
import { listWindows, type SpatialWindow, spatialWindow } from '../../ops/windows.js';
import { quantizeActivation } from '../activation.js';
import { checkDims, checkRange, checkRank, checkScale, checkSum, defineLookup, SUM_TRAITS } from '../checks.js';
import { MAX_ACTIVATION, MAX_CENTROIDS, MAX_SCORE_BIAS, MAX_WEIGHT, TREE_CENTROIDS, TREE_DEPTH } from '../limits.js';
import { inputValues, isNode, type OperatorSpec } from '../operator.js';
import { ENCODE, ENCODE_TREE, LOOK_UP } from './spec.js';

/** What an encoder works on: x [N, C, H, W] → codes [N, codebooks, Ho, Wo], each of `depth` channels × the window. */
export interface EncodeShape {
  readonly centroids: number;
  readonly codebooks: number;
  readonly depth: number;
  readonly window: SpatialWindow;
}

/** What LookUp works on: codes [N, codebooks, H, W] → y [N, outputs, Ho, Wo]. */
export interface LookUpShape {
  readonly centroids: number;
  readonly codebooks: number;
  readonly outputs: number;
  readonly window: SpatialWindow;
}

function centroidCount(node: Node): number {
  const centroids = int(node, 'K');
  check(node, centroids >= 2 && centroids <= MAX_CENTROIDS, 'K is out of range', `2..${MAX_CENTROIDS}`, centroids);
  return centroids;
}

/** Shapes of an Encode or EncodeTree node; throws `INVALID_MODEL` where attributes and inputs contradict each other. */
export function encodeShape(context: AnyContext): EncodeShape {
  const { node } = context;
  const tree = isNode(ENCODE_TREE, node);
  const centroids = centroidCount(node);
  checkRank(context, ENCODE, 'x');
  const [, channels = 0, ...size] = dimsOf(context);
  const kernel = ints(node, 'kernel_shape') ?? [];
  const window = spatialWindow(node, size, kernel);
  const codebooks = int(node, 'group');
  check(node, codebooks >= 1 && channels % codebooks === 0, 'group does not divide the channels', channels, codebooks);
  const depth = channels / codebooks;
  if (tree) {
    check(node, centroids === TREE_CENTROIDS, 'a tree has 16 leaves', `K = ${TREE_CENTROIDS}`, centroids);
    checkDims(context, ENCODE_TREE, 'features', [codebooks, TREE_DEPTH]);
    checkDims(context, ENCODE_TREE, 'thresholds', [codebooks, TREE_CENTROIDS - 1]);
  } else {
    checkDims(context, ENCODE, 'Q', [codebooks * centroids, depth, ...kernel]);
    checkDims(context, ENCODE, 'b', [codebooks * centroids]);
  }
  return { centroids, codebooks, depth, window };
}

/** Shapes of a LookUp node; throws `INVALID_MODEL` where attributes and inputs contradict each other. */
export function lookUpShape(context: AnyContext): LookUpShape {
  const { node } = context;
  const centroids = centroidCount(node);
  checkRank(context, LOOK_UP, 'codes');
  checkRank(context, LOOK_UP, 'table');
  const [, codebooks = 0, ...size] = dimsOf(context);
  const [outputs = 0, rows = 0, ...window] = dimsOf(context, 1);
  check(node, rows === codebooks * centroids, 'table and codes do not fit', `${codebooks} · ${centroids} rows`, rows);
  const kernel = ints(node, 'kernel_shape') ?? window;
  check(node, `${kernel}` === `${window}`, 'kernel_shape does not repeat the table', `[${window}]`, `[${kernel}]`);
  checkDims(context, LOOK_UP, 'scale', [outputs]);
  checkDims(context, LOOK_UP, 'bias', [outputs]);
  return { centroids, codebooks, outputs, window: spatialWindow(node, size, kernel) };
}

/** Calls `encode` with every sub-vector of quantized activations (order: channel, row, column) and stores the code it returns. */
function forEachSubVector(
  context: EvaluateContext,
  { depth, codebooks, window }: EncodeShape,
  codes: Uint8Array,
  encode: Search,
): void {
  const zeroPoint = input(context, 2)[0]!;
  const scale = { scale: input(context, 1)[0]!, zeroPoint };
  const quantized = Uint8Array.from(context.inputs[0]!.data as Float32Array, (x) => quantizeActivation(x, scale));
  const windows = listWindows(window);
  const size = elementCount(window.input);
  const taps = elementCount(window.kernel);
  const positions = elementCount(window.output);
  const vector = new Int32Array(depth * taps);
  codes.forEach((_, at) => {
    const p = at % positions;
    const book = Math.floor(at / positions);
    vector.fill(zeroPoint);
    for (let j = windows.start[p]!; j < windows.start[p + 1]!; j++) {
      for (let g = 0; g < depth; g++) {
        vector[g * taps + windows.tap[j]!] = quantized[(book * depth + g) * size + windows.input[j]!]!;
      }
    }
    codes[at] = encode(vector, zeroPoint, book % codebooks);
  });
}

/** Finds the code of a sub-vector of quantized activations. */
type Search = (vector: Int32Array, zero: number, codebook: number) => number;

/**
 * An operator that turns activations into codes.
 * @param types of the inputs after x, x_scale and x_zero_point
 * @param checkParameters looks at these inputs. Sub-vectors have `values` values.
 */
function defineEncoder(
  spec: OperatorSpec,
  types: readonly DataType[],
  checkParameters: (context: InferContext, values: number) => void,
  search: (context: EvaluateContext, shape: EncodeShape) => Search,
): Operator {
  return defineLookup(spec, ['float32', 'float32', 'uint8', ...types], {
    traits: { readsPlanes: true },
    infer(context) {
      const { codebooks, depth, window } = encodeShape(context);
      checkScale(context, ENCODE);
      checkParameters(context, depth * window.kernel[0]! * window.kernel[1]!);
      return [{ type: 'uint8', dims: [dimsOf(context)[0]!, codebooks, ...window.output] }];
    },
    evaluate(context, outputs) {
      const shape = encodeShape(context);
      forEachSubVector(context, shape, outputs[0]!.data as Uint8Array, search(context, shape));
    },
  });
}

const encode = defineEncoder(
  ENCODE,
  ['int8', 'int32'],
  (context, values) => {
    checkRange(context, ENCODE, 'Q', -MAX_WEIGHT, MAX_WEIGHT);
    checkRange(context, ENCODE, 'b', -MAX_SCORE_BIAS, MAX_SCORE_BIAS);
    const biases = context.inputs[4]?.value;
    const bias = biases ? toNumbers(biases).reduce((most, b) => Math.max(most, Math.abs(b)), 0) : 0;
    checkSum(context, 'scores', values * MAX_WEIGHT * MAX_ACTIVATION + bias, 'a smaller window, depth or bias');
  },
  (context, { centroids }) => {
    const { Q: weights, b: biases } = inputValues(ENCODE, context);
    return (vector, zero, codebook) => {
      let best = Number.NEGATIVE_INFINITY;
      let code = 0;
      for (let k = 0; k < centroids; k++) {
        const row = codebook * centroids + k;
        let score = biases[row]!;
        for (let e = 0; e < vector.length; e++) score += weights[row * vector.length + e]! * (vector[e]! - zero);
        if (score > best) {
          best = score;
          code = k;
        }
      }
      return code;
    };
  },
);

const encodeTree = defineEncoder(
  ENCODE_TREE,
  ['int32', 'uint8'],
  (context, values) => {
    checkRange(context, ENCODE_TREE, 'features', 0, values - 1);
    checkRange(context, ENCODE_TREE, 'thresholds', 0, MAX_ACTIVATION);
  },
  (context) => {
    const { features, thresholds } = inputValues(ENCODE_TREE, context);
    return (vector, _zero, codebook) => {
      let code = 0;
      for (let depth = 0; depth < TREE_DEPTH; depth++) {
        const threshold = thresholds[codebook * (TREE_CENTROIDS - 1) + 2 ** depth - 1 + code]!;
        code = 2 * code + (vector[features[codebook * TREE_DEPTH + depth]!]! > threshold ? 1 : 0);
      }
      return code;
    };
  },
);

const lookUp = defineLookup(LOOK_UP, ['uint8', 'int8', 'float32', 'float32'], {
  traits: SUM_TRAITS,
  infer(context) {
    const { codebooks, centroids, outputs, window } = lookUpShape(context);
    checkRange(context, LOOK_UP, 'codes', 0, centroids - 1);
    checkRange(context, LOOK_UP, 'table', -MAX_WEIGHT, MAX_WEIGHT);
    checkSum(context, 'sums', codebooks * elementCount(window.kernel) * MAX_WEIGHT, 'fewer codebooks or taps');
    return [{ type: 'float32', dims: [dimsOf(context)[0]!, outputs, ...window.output] }];
  },
  evaluate(context, [y]) {
    const { codebooks, centroids, outputs, window } = lookUpShape(context);
    const { codes, table, scale, bias } = inputValues(LOOK_UP, context);
    const windows = listWindows(window);
    const size = elementCount(window.input);
    const taps = elementCount(window.kernel);
    const positions = elementCount(window.output);
    const result = y!.data as Float32Array;
    result.forEach((_, at) => {
      const p = at % positions;
      const m = Math.floor(at / positions) % outputs;
      const first = Math.floor(at / positions / outputs) * codebooks;
      let sum = 0;
      for (let c = 0; c < codebooks; c++) {
        for (let j = windows.start[p]!; j < windows.start[p + 1]!; j++) {
          const code = codes[(first + c) * size + windows.input[j]!]!;
          if (code >= centroids) check(context.node, false, 'a code is out of range', `< ${centroids}`, code);
          sum += table[((m * codebooks + c) * centroids + code) * taps + windows.tap[j]!]!;
        }
      }
      // |sum| < 2^24, so the double product and sum are exact before their one rounding.
      result[at] = Math.fround(sum * scale[m]!) + bias[m]!;
    });
  },
});

export const CODED: readonly Operator[] = [encode, encodeTree, lookUp];
