import type { Graph, TensorValue } from '../../src/convert/index.js';
import { seededRandom } from '../../src/convert/random.js';
import type { Family } from '../../src/lut/index.js';
import { ruleName } from '../../src/lut/index.js';
import { SQUARES_BODY } from './body.js';
import { squares } from './evaluate.js';
import { SQUARES_FIT } from './fit.js';
import { lowerSquares } from './lower.js';
import { SQUARES, TABLE } from './spec.js';

const count = (dims: readonly number[]) => dims.reduce((product, size) => product * size, 1);

/** All that Lutra asks of the family. It does not learn. */
export const SQUARES_FAMILY: Family = {
  facts: [
    {
      spec: SQUARES,
      result: 'sums',
      quantizes: true,
      work: (node, dims) => ({
        lookups: 2 * count(dims(node.outputs[0])) * dims(node.inputs[0])[1]!,
        tableBytes: TABLE.byteLength,
      }),
    },
  ],
  operators: [squares],
  rules: { [ruleName(SQUARES)]: lowerSquares },
  bodies: [SQUARES_BODY],
  fit: SQUARES_FIT,
};

/** A graph of one layer, its input, and its constants drawn with a seed. */
export function squaresCase(
  seed: number,
  [N, C, M, size]: readonly number[],
): { graph: Graph; feeds: Record<string, TensorValue> } {
  const random = seededRandom(seed);
  const draw = (length: number, from: number, to: number) =>
    Array.from({ length }, () => from + Math.floor(random() * (to - from + 1)));
  const constants: Record<string, TensorValue> = {
    x_scale: { type: 'float32', dims: [], data: Float32Array.of(0.125) },
    x_zero_point: { type: 'uint8', dims: [], data: Uint8Array.from(draw(1, 0, 127)) },
    W: { type: 'int8', dims: [M!, C!, 1, 1], data: Int8Array.from(draw(M! * C!, -127, 127)) },
    squares: { type: 'int32', dims: [TABLE.length], data: TABLE },
    scale: { type: 'float32', dims: [M!], data: Float32Array.from(draw(M!, 1, 99), (n) => n / 777) },
    bias: { type: 'float32', dims: [M!], data: Float32Array.from(draw(M!, -99, 99), (n) => n / 33) },
  };
  const dims = [N!, C!, size!, size!];
  const data = Float32Array.from(draw(N! * C! * size! ** 2, -200, 200), (n) => n / 16);
  const graph: Graph = {
    name: 'squares',
    opset: { '': 17, lutra: 1 },
    inputs: [{ name: 'x', type: 'float32', dims }],
    outputs: [{ name: 'y', type: 'float32', dims: undefined }],
    nodes: [
      { name: 'y', op: SQUARES.name, domain: 'lutra', inputs: [...SQUARES.inputs], outputs: ['y'], attributes: {} },
    ],
    initializers: new Map(Object.entries(constants)),
    metadata: {},
  };
  return { graph, feeds: { x: { type: 'float32', dims, data } } };
}

/** For `npm run bench:kernels -- squares --family test/squares-family/family.ts`. */
export const MEASURED = {
  family: SQUARES_FAMILY,
  cases: { 'squares 64,16': () => squaresCase(1, [1, 64, 64, 16]) },
};
