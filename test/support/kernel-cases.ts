/** A case of every kernel, small for tests and large for the benchmark. */
import { GraphBuilder } from '../../src/graph/builder.js';
import type { Attribute, Graph, TensorValue } from '../../src/graph/types.js';
import type { KernelName } from '../../src/kernels/list.js';
import { noise } from '../run-node.js';
import { convolution, layerGraph, linear, stem } from './lookup-layers.js';

export interface KernelCase {
  readonly graph: Graph;
  readonly feeds: Readonly<Record<string, TensorValue>>;
}

/** One node of inputs of these sizes and of constants. */
function single(
  op: string,
  sizes: readonly (readonly number[])[],
  constants: readonly TensorValue[] = [],
  attributes: Readonly<Record<string, Attribute>> = {},
): KernelCase {
  const builder = new GraphBuilder();
  const inputs = sizes.map((dims, i) => builder.input(`x${i}`, dims));
  builder.output(builder.node(op, [...inputs, ...constants], attributes));
  return {
    graph: builder.build(),
    feeds: Object.fromEntries(inputs.map((name, i) => [name, noise(sizes[i]!, i + 1)])),
  };
}

const ints = (...values: number[]): TensorValue => ({
  type: 'int64',
  dims: [values.length],
  data: BigInt64Array.from(values, BigInt),
});

/** Channels, size. */
const map = (large: boolean): [number, number] => (large ? [64, 56] : [5, 9]);
const pooled = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };

function conv(large: boolean, depthwise: boolean): KernelCase {
  const [channels, size] = map(large);
  const weights = [noise([channels, depthwise ? 1 : channels, 3, 3], 7), noise([channels], 8)];
  const attributes = { pads: [1, 1, 1, 1], group: depthwise ? channels : 1 };
  return single('Conv', [[1, channels, size, size]], weights, attributes);
}

/** One operator on maps. */
function onMaps(op: string, attributes: Readonly<Record<string, Attribute>> = {}, ...constants: TensorValue[]) {
  return (large: boolean): KernelCase => {
    const [channels, size] = map(large);
    return single(op, [[1, channels, size, size]], constants, attributes);
  };
}

/** Rows and columns. */
const matrix = (large: boolean): [number, number] => (large ? [128, 768] : [5, 13]);

const patches = (large: boolean) => layerGraph(large ? convolution(64, 32, 'patch', 1) : convolution(5, 7, 'patch', 1));

/** By kernel: a graph whose plan calls it. A kernel of the list without a case does not compile. */
export const KERNEL_CASES: Readonly<Record<KernelName, (large: boolean) => KernelCase>> = {
  quantize: patches,
  encodeSearchInPlace: patches,
  encodeSearchGathered: (large) => layerGraph(large ? convolution(64, 32, 'pixel', 4) : convolution(8, 7, 'pixel', 4)),
  encodeTree: (large) => layerGraph(large ? convolution(64, 32, 'tree', 1) : convolution(5, 7, 'tree', 1)),
  lookUpShufflePlanes: patches,
  lookUpShuffleRows: (large) => layerGraph(large ? linear(128, 768, 768) : linear(19, 64, 21)),
  lookUpReadPlanes: (large) =>
    layerGraph(large ? convolution(64, 32, 'patch', 1, 32) : convolution(5, 7, 'patch', 1, 32)),
  lookUpReadRows: (large) => layerGraph(large ? linear(1, 768, 3072) : linear(3, 64, 21)),
  quantizedConv: (large) => layerGraph(large ? stem(224, 7, 2) : stem(9, 3, 1, 6)),
  conv: (large) => conv(large, false),
  matmul: (large) => {
    const [rows, columns] = matrix(large);
    return single('MatMul', [[rows, columns]], [noise([columns, columns], 7)]);
  },
  depthwiseConv: (large) => conv(large, true),
  maxPool: onMaps('MaxPool', pooled),
  averagePool: onMaps('AveragePool', pooled),
  reduceMean: onMaps('GlobalAveragePool'),
  unary: onMaps('Sigmoid'),
  binary: (large) => {
    const [channels, size] = map(large);
    const dims = [1, channels, size, size];
    return single('Add', [dims, dims]);
  },
  softmax: (large) => single('Softmax', [matrix(large)]),
  layerNorm: (large) => {
    const [rows, columns] = matrix(large);
    return single('LayerNormalization', [[rows, columns]], [noise([columns], 7), noise([columns], 8)]);
  },
  copyRows: (large) => {
    const [channels, size] = map(large);
    const dims = [2, channels, size, size];
    return single('Concat', [dims, dims], [], { axis: 1 });
  },
  transpose: onMaps('Transpose', { perm: [0, 2, 3, 1] }),
  moveByTables: onMaps('Slice', {}, ints(0, 0), ints(1000, 1000), ints(2, 3), ints(2, 2)),
  fill: onMaps('Pad', {}, ints(0, 0, 1, 1, 0, 0, 1, 1)),
};
