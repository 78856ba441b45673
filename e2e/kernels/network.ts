import { tensorValue } from '../../src/graph/tensor.js';
import type { Graph, Node, TensorValue } from '../../src/graph/types.js';
import { serializeModel } from '../../src/onnx/serialize.js';

/** Pseudo-random integers low..high from a linear congruential generator: the same in every engine. */
function generator(seed: number): (low: number, high: number) => number {
  let state = seed >>> 0;
  return (low, high) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + Math.floor((state / 2 ** 32) * (high - low + 1));
  };
}

const random = generator(7);
const int8 = (...dims: number[]): TensorValue => {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return tensorValue(
    'int8',
    dims,
    Int8Array.from({ length: count }, () => random(-127, 127)),
  );
};
const int32 = (count: number): TensorValue =>
  tensorValue(
    'int32',
    [count],
    Int32Array.from({ length: count }, () => random(-60000, 60000)),
  );
const float32 = (count: number, value: () => number): TensorValue =>
  tensorValue('float32', [count], Float32Array.from({ length: count }, value));
const scalar = (value: number): TensorValue => tensorValue('float32', [], Float32Array.of(value));
const byte = (value: number): TensorValue => tensorValue('uint8', [], Uint8Array.of(value));

const SIZE = 13;
const CHANNELS = 6;
const HIDDEN = 20;
const CLASSES = 11;

/** Whole numbers: a LookUp with these computes its integer sums. */
const ones = float32(HIDDEN, () => 1);
const zeros = float32(HIDDEN, () => 0);

const initializers = new Map<string, TensorValue>([
  ['scale1', scalar(0.03)],
  ['zero1', byte(61)],
  ['q1', int8(CHANNELS * 16, 1, 1, 3)],
  ['b1', int32(CHANNELS * 16)],
  ['t1', int8(HIDDEN, CHANNELS * 16, 3, 1)],
  ['ones', ones],
  ['zeros', zeros],
  ['s1', float32(HIDDEN, () => random(1, 9) / 1000)],
  ['o1', float32(HIDDEN, () => random(-50, 50) / 100)],
  ['scale2', scalar(0.05)],
  ['zero2', byte(3)],
  ['q2', int8((HIDDEN / 4) * 16, 4, 1, 1)],
  ['b2', int32((HIDDEN / 4) * 16)],
  ['t2', int8(CLASSES, (HIDDEN / 4) * 16, 3, 3)],
  ['s2', float32(CLASSES, () => random(1, 9) / 1000)],
  ['o2', float32(CLASSES, () => random(-50, 50) / 100)],
]);

function node(name: string, op: string, inputs: readonly string[], attributes: Node['attributes'] = {}): Node {
  const domain = op === 'Relu' ? '' : 'lutra';
  return { name, op, domain, inputs, outputs: [name], attributes };
}

const odd = { name: 'x', type: 'float32', dims: [2, CHANNELS, SIZE, SIZE] } as const;

/**
 * Two lookup layers of different geometry (rows, then pixels in groups of four) over an odd-sized image. Codes and integer
 * sums are outputs of their own.
 */
const graph: Graph = {
  name: 'same-bytes',
  opset: { '': 17, lutra: 1 },
  inputs: [odd],
  outputs: [
    { name: 'codes1', type: 'uint8', dims: undefined },
    { name: 'sums1', type: 'float32', dims: undefined },
    { name: 'codes2', type: 'uint8', dims: undefined },
    { name: 'y', type: 'float32', dims: undefined },
  ],
  nodes: [
    node('codes1', 'Encode', ['x', 'scale1', 'zero1', 'q1', 'b1'], {
      K: 16,
      kernel_shape: [1, 3],
      pads: [0, 1, 0, 1],
      group: CHANNELS,
    }),
    node('sums1', 'LookUp', ['codes1', 't1', 'ones', 'zeros'], { K: 16, kernel_shape: [3, 1], pads: [1, 0, 1, 0] }),
    node('h', 'LookUp', ['codes1', 't1', 's1', 'o1'], { K: 16, kernel_shape: [3, 1], pads: [1, 0, 1, 0] }),
    node('a', 'Relu', ['h']),
    node('codes2', 'Encode', ['a', 'scale2', 'zero2', 'q2', 'b2'], { K: 16, kernel_shape: [1, 1], group: HIDDEN / 4 }),
    node('y', 'LookUp', ['codes2', 't2', 's2', 'o2'], {
      K: 16,
      kernel_shape: [3, 3],
      pads: [1, 1, 1, 1],
      strides: [2, 2],
    }),
  ],
  initializers,
  metadata: {},
};

/** The network as a model file. */
export function modelBytes(): Uint8Array {
  return serializeModel(graph);
}

/** Its input: float32 [2, 6, 13, 13], values −2..2. */
export function inputTensor(): TensorValue {
  const value = generator(11);
  const data = Float32Array.from({ length: 2 * CHANNELS * SIZE * SIZE }, () => value(-2000, 2000) / 1000);
  return tensorValue('float32', odd.dims, data);
}
