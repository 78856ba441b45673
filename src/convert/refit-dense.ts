import { tensorValue } from '../graph/tensor.js';
import type { Node, TensorValue } from '../graph/types.js';
import { permute } from '../lut/tables.js';
import type { DenseLayer } from './dense-layers.js';
import { gatherWindows, type Planes } from './gather.js';
import { choleskyInPlace, choleskySolve, subtractProduct } from './linear-algebra.js';

/** Largest system that is solved: larger ones take long and gain little. */
const LARGEST_SYSTEM = 1300;
/** Positions whose inputs are unfolded at a time, which bounds the memory. */
const CHUNK = 1024;
/** Ridge towards the original weights, relative to the mean square of an input. */
const RIDGE = 0.03;

/** Weights in the order of {@link DenseLayer}. */
interface DenseWeights {
  /** [O, C, kh, kw] */
  readonly weight: Float32Array;
  /** [O] */
  readonly bias: Float32Array;
}

/** Weights that one output of the layer has, with its bias. */
function unknowns(layer: DenseLayer): number {
  return layer.weight.length / layer.outputChannels + (hasBias(layer) ? 1 : 0);
}

function hasBias(layer: DenseLayer): boolean {
  return layer.node.op !== 'MatMul';
}

/** Whether a layer is small enough for {@link refitDense}. */
export function canRefit(layer: DenseLayer): boolean {
  return unknowns(layer) <= LARGEST_SYSTEM;
}

/** Positions of the output that settle the weights: so many per unknown. */
export function refitPositions(layer: DenseLayer): number {
  return 16 * unknowns(layer);
}

/**
 * Fits a layer that stays dense to the outputs it has in the dense network, with inputs from the converted part: ridge regression around
 * its own weights, in closed form. It undoes what earlier lookup layers did to its inputs on average.
 * @param input of the converted network
 * @param targets [N, O] outputs of the dense network at `positions`
 * @param positions ascending positions of the output grid
 */
export function refitDense(
  layer: DenseLayer,
  input: Planes,
  targets: Float32Array,
  positions: Uint32Array,
): DenseWeights {
  const O = layer.outputChannels;
  const v = layer.weight.length / O;
  const D = unknowns(layer);
  // Minus the normal equations: products are subtracted.
  const matrix = new Float64Array(D * D);
  const right = new Float64Array(O * D);
  for (let begin = 0; begin < positions.length; begin += CHUNK) {
    const chunk = positions.subarray(begin, begin + CHUNK);
    const n = chunk.length;
    const columns = unfold(input, layer, chunk, v, D);
    const residual = new Float64Array(O * n);
    for (let o = 0; o < O; o++) {
      for (let i = 0; i < n; i++) residual[o * n + i] = targets[(begin + i) * O + o]! - layer.bias[o]!;
      for (let j = 0; j < v; j++) {
        const w = layer.weight[o * v + j]!;
        for (let i = 0; i < n; i++) residual[o * n + i]! -= w * columns[j * n + i]!;
      }
    }
    const inputs = { data: columns, stride: n };
    subtractProduct({ data: matrix, stride: D }, inputs, inputs, [0, D], [0, D], n);
    subtractProduct({ data: right, stride: D }, { data: residual, stride: n }, inputs, [0, O], [0, D], n);
  }
  let trace = 0;
  for (let j = 0; j < v; j++) trace -= matrix[j * D + j]!;
  const ridge = (RIDGE * trace) / v || 1;
  for (let i = 0; i < matrix.length; i++) matrix[i] = -matrix[i]!;
  for (let i = 0; i < right.length; i++) right[i] = -right[i]!;
  for (let j = 0; j < v; j++) matrix[j * D + j]! += ridge;
  choleskyInPlace(matrix, D);
  choleskySolve(matrix, D, right, O);
  return {
    weight: layer.weight.map((w, i) => w + right[Math.floor(i / v) * D + (i % v)]!),
    bias: hasBias(layer) ? layer.bias.map((b, o) => b + right[o * D + v]!) : layer.bias,
  };
}

/** Inputs of every position, and 1 for the bias. @returns [D, n] */
function unfold(input: Planes, { window }: DenseLayer, positions: Uint32Array, v: number, D: number): Float64Array {
  const n = positions.length;
  const rows = gatherWindows(input, window, input.channels, positions)[0]!;
  const columns = new Float64Array(D * n).fill(1, v * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < v; j++) columns[j * n + i] = rows[i * v + j]!;
  return columns;
}

/** The layer's node with other weights. */
export function denseNode(
  layer: DenseLayer,
  { weight, bias }: DenseWeights,
  name: (hint: string) => string,
  initializers: Map<string, TensorValue>,
): Node {
  const { node, outputChannels: O, inputChannels: C } = layer;
  const constant = (suffix: string, dims: readonly number[], data: Float32Array) => {
    const unique = name(`${node.name}.${suffix}`);
    initializers.set(unique, tensorValue('float32', dims, data));
    return unique;
  };
  if (node.op === 'MatMul') {
    return { ...node, inputs: [layer.input, constant('weight', [C, O], permute(weight, [O, C], [1, 0]))] };
  }
  const conv = node.op === 'Conv';
  const names = [constant('weight', [O, C, ...(conv ? layer.window.kernel : [])], weight), constant('bias', [O], bias)];
  return { ...node, inputs: [layer.input, ...names], attributes: conv ? node.attributes : { transB: 1 } };
}
