import type { Attribute, Graph, TensorValue } from '../../src/graph/types.js';
import { COMPLETE_OPERATORS } from '../../src/ops/complete.js';
import { generator } from '../random-graph.js';
import {
  argument,
  batchNorm,
  binary,
  cast,
  clip,
  conv,
  convTranspose,
  dequantize,
  gemm,
  globalPool,
  instanceNorm,
  layerNorm,
  lrn,
  matmul,
  pool,
  pow,
  prelu,
  quantize,
  reduce,
  softmax,
  topK,
  unary,
  variadic,
  where,
} from './compute.js';
import { Draw, FLOATS, type Make, NUMBERS } from './draw.js';
import {
  concat,
  depthToSpace,
  expand,
  flatten,
  gather,
  gatherElements,
  pad,
  reshape,
  resize,
  shape,
  slice,
  spaceToDepth,
  split,
  squeeze,
  tile,
  transpose,
  unsqueeze,
  upsample,
} from './move.js';

/** One node of the standard domain with random inputs and attributes, as a version between 7 and 22 of ONNX has it. */
export interface RandomNode {
  readonly op: string;
  readonly opset: number;
  readonly domain: string;
  /** `undefined` is an omitted optional input. */
  readonly inputs: readonly (TensorValue | undefined)[];
  /** Inputs that are stored in the model instead of fed. */
  readonly stored: ReadonlySet<number>;
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly outputs: number;
}

/** The operators of the importer's list, with inputs that ONNX allows. */
export const RANDOM_NODES: Readonly<Record<string, Make>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  MatMul: matmul,
  Gemm: gemm,
  MaxPool: pool(
    (draw) => (draw.opset >= 10 && draw.chance(0.2) ? { storage_order: 0 } : {}),
    ['float32', 'float32', 'uint8', 'int8'],
  ),
  AveragePool: pool((draw) => (draw.chance() ? { count_include_pad: 1 } : {}), ['float32']),
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  Relu: unary(['float32', 'float32', 'float64', 'int32', 'int8']),
  LeakyRelu: unary(['float32', 'float64'], -4, 4, (draw) => (draw.chance() ? { alpha: 0.25 } : {})),
  PRelu: prelu,
  Clip: clip,
  Sigmoid: unary(FLOATS),
  Tanh: unary(FLOATS),
  HardSigmoid: unary(['float32'], -4, 4, (draw) => (draw.chance() ? { alpha: 0.25, beta: 0.75 } : {})),
  HardSwish: unary(['float32']),
  Elu: unary(['float32'], -4, 4, (draw) => (draw.chance() ? { alpha: 0.5 } : {})),
  Selu: unary(['float32']),
  Softplus: unary(['float32']),
  Gelu: (draw) =>
    draw.opset < 20 ? undefined : unary(['float32'], -4, 4, (d) => (d.chance() ? { approximate: 'tanh' } : {}))(draw),
  Erf: unary(['float32']),
  Exp: unary(FLOATS),
  Log: unary(['float32', 'float64'], 1, 5),
  Sqrt: unary(FLOATS, 0, 5),
  Reciprocal: unary(['float32', 'float64'], 1, 5),
  Pow: pow,
  Abs: unary(NUMBERS),
  Neg: unary(['float32', 'float64', 'int32', 'int64', 'int8']),
  Floor: unary(['float32']),
  Ceil: unary(['float32']),
  Round: unary(['float32', 'float64']),
  Sign: unary(['float32', 'int32', 'int64', 'uint8']),
  Not: unary(['bool']),
  Softmax: softmax,
  LogSoftmax: softmax,
  Add: binary(NUMBERS),
  Sub: binary(NUMBERS),
  Mul: binary(NUMBERS),
  Div: binary(NUMBERS, 1, 9),
  Mod: binary(['int32', 'int64', 'int8', 'uint8'], 1, 9),
  Min: variadic(NUMBERS),
  Max: variadic(NUMBERS),
  Sum: variadic(FLOATS),
  Mean: variadic(['float32']),
  Concat: concat,
  Split: split,
  Slice: slice,
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Expand: expand,
  Tile: tile,
  Resize: resize,
  Upsample: upsample,
  ReduceMean: reduce(18),
  ReduceSum: reduce(13),
  ReduceMax: reduce(18),
  ReduceMin: reduce(18),
  ReduceProd: reduce(18, -2, 2),
  ReduceL1: reduce(18),
  ReduceL2: reduce(18, -4, 4, ['float32']),
  ReduceLogSum: reduce(18, 1, 4, ['float32']),
  ReduceLogSumExp: reduce(18, -4, 4, ['float32']),
  ReduceSumSquare: reduce(18),
  ArgMax: argument,
  ArgMin: argument,
  TopK: topK,
  LayerNormalization: layerNorm,
  BatchNormalization: batchNorm,
  InstanceNormalization: instanceNorm,
  LRN: lrn,
  Gather: gather,
  GatherElements: gatherElements,
  Pad: pad,
  Where: where,
  Equal: binary(['int32', 'int64', 'bool', 'float32']),
  Greater: binary(['float32', 'int32', 'int64']),
  Less: binary(['float32', 'int32', 'int64']),
  GreaterOrEqual: (draw) => (draw.opset < 12 ? undefined : binary(['float32', 'int32'])(draw)),
  LessOrEqual: (draw) => (draw.opset < 12 ? undefined : binary(['float32', 'int32'])(draw)),
  And: binary(['bool']),
  Or: binary(['bool']),
  Xor: binary(['bool']),
  Cast: cast,
  Shape: shape,
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};

/** Operators that came with a later version than 7. */
const SINCE: Readonly<Record<string, number>> = {
  HardSwish: 14,
  Erf: 9,
  Mod: 10,
  Sign: 9,
  Round: 11,
  GatherElements: 11,
};

/**
 * Same seed, same node. Weights and other inputs are stored or fed at random, the first one is always fed.
 *
 * @returns undefined where the operator does not exist in the version that the seed drew
 */
export function randomNode(op: string, seed: number): RandomNode | undefined {
  const random = generator(seed * 31 + 7);
  const opset = 7 + Math.floor(random() * 16);
  if (opset < (SINCE[op] ?? 0)) return undefined;
  const parts = RANDOM_NODES[op]!(new Draw(seed, opset));
  if (!parts) return undefined;
  const { inputs, attributes = {}, constant = [], outputs = 1 } = parts;
  const stored = new Set(constant);
  for (let i = 1; i < inputs.length; i++) if (random() < 0.5) stored.add(i);
  return { op, opset, domain: '', inputs, stored, attributes, outputs };
}

/** A model of that node alone; inputs are `x0`, `x1` …, outputs `y0` … */
export function graphOfNode({ op, opset, inputs, stored, attributes, outputs }: RandomNode): Graph {
  const node = {
    name: 'n',
    op,
    domain: '',
    inputs: inputs.map((value, i) => (value ? `x${i}` : '')),
    outputs: Array.from({ length: outputs }, (_, i) => `y${i}`),
    attributes,
  };
  const known = inputs.map((value) => value && { ...value, value });
  const types = COMPLETE_OPERATORS.find('', op, opset)!.infer({ node, opset, inputs: known });
  const values = inputs.flatMap((value, i) => (value ? [{ name: `x${i}`, value, isStored: stored.has(i) }] : []));
  return {
    name: 'one node',
    opset: { '': opset },
    inputs: values.flatMap(({ name, value: { type, dims }, isStored }) => (isStored ? [] : [{ name, type, dims }])),
    outputs: types.map(({ type, dims }, i) => ({ name: `y${i}`, type, dims })),
    nodes: [node],
    initializers: new Map(values.flatMap(({ name, value, isStored }) => (isStored ? [[name, value] as const] : []))),
    metadata: {},
  };
}
