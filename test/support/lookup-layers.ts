/** Single layers of the `lutra` operators at any size, for tests and benchmarks. */
import { tensorValue } from '../../src/graph/tensor.js';
import type { Graph, Node, TensorValue } from '../../src/graph/types.js';
import { ENCODE, ENCODE_TREE, LOOK_UP } from '../../src/lut/coded/spec.js';
import { LOOKUP_DOMAIN } from '../../src/lut/domain.js';
import { QUANTIZED_CONV } from '../../src/lut/integer/spec.js';

/** Where lookups take their codes from; `integer`: a convolution in integers, which looks nothing up. */
export type LayerCase = 'patch' | 'row' | 'pixel' | 'linear' | 'tree' | 'integer';
export interface Layer {
  readonly name: string;
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly geometry: LayerCase;
  readonly depth: number;
  readonly centroids: number;
}

/** A 3×3 convolution. */
export function convolution(channels: number, size: number, geometry: LayerCase, depth: number, centroids = 16): Layer {
  const name = `conv ${channels},${size} ${geometry} g${depth} K${centroids}`;
  return { name, rows: 1, inputs: channels, outputs: channels, size, kernel: 3, stride: 1, geometry, depth, centroids };
}

/** A matrix product. */
export function linear(rows: number, inputs: number, outputs: number, centroids = 16): Layer {
  const name = `matmul ${rows}x${inputs}x${outputs} g32 K${centroids}`;
  return { name, rows, inputs, outputs, size: 1, kernel: 1, stride: 1, geometry: 'linear', depth: 32, centroids };
}

/** A first convolution of an image. */
export function stem(size: number, kernel: number, stride: number, outputs = 64): Layer {
  const name = `stem ${size} ${kernel}x${kernel} stride ${stride}`;
  return { name, rows: 1, inputs: 3, outputs, size, kernel, stride, geometry: 'integer', depth: 1, centroids: 0 };
}

function integers(length: number, low: number, high: number): number[] {
  let state = 1;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + Math.floor((state / 2 ** 32) * (high - low + 1));
  });
}

/**
 * Quantize, encode, look up and ReLU, with the result quantized for a second encoder that stands for the next layer; or quantize,
 * multiply and ReLU.
 */
export function layerGraph(layer: Layer): { graph: Graph; feeds: Record<string, TensorValue> } {
  const { inputs, outputs, size, kernel, stride, geometry, depth, centroids: K, rows } = layer;
  const codebooks = inputs / depth;
  const border = (kernel - 1) / 2;
  const whole = geometry === 'patch' || geometry === 'tree';
  const window = whole ? [kernel, kernel] : geometry === 'row' ? [1, kernel] : [1, 1];
  const table = whole ? [1, 1] : geometry === 'row' ? [kernel, 1] : [kernel, kernel];
  const padsOf = (shape: number[]) => shape.concat(shape).map((extent) => (extent === kernel ? border : 0));
  const initializers = new Map<string, TensorValue>();
  const int8 = (name: string, dims: number[], most = 127) => {
    const count = dims.reduce((a, b) => a * b);
    initializers.set(name, tensorValue('int8', dims, Int8Array.from(integers(count, -most, most))));
  };
  const floats = (name: string, dims: number[], value: number) => {
    const count = dims.reduce((a, b) => a * b, 1);
    initializers.set(name, tensorValue('float32', dims, new Float32Array(count).fill(value)));
  };
  const taps = depth * window[0]! * window[1]!;
  floats('s', [], 0.05);
  initializers.set('z', tensorValue('uint8', [], Uint8Array.of(64)));
  if (geometry === 'integer') int8('W', [outputs, inputs, kernel, kernel]);
  // Learnt weights reach 127 but are smaller on average than uniform ones.
  int8('Q', [codebooks * K, depth, ...window], process.env.WIDE ? 127 : 50);
  initializers.set('b', tensorValue('int32', [codebooks * K], new Int32Array(codebooks * K)));
  initializers.set(
    'features',
    tensorValue('int32', [codebooks, 4], Int32Array.from(integers(codebooks * 4, 0, taps - 1))),
  );
  initializers.set(
    'thresholds',
    tensorValue('uint8', [codebooks, 15], Uint8Array.from(integers(codebooks * 15, 0, 127))),
  );
  int8('T', [outputs, codebooks * K, ...table]);
  floats('scale', [outputs], 0.001);
  floats('bias', [outputs], 0.5);
  const encode = { K, kernel_shape: window, strides: [1, 1], pads: padsOf(window), group: codebooks };
  const make = (
    op: string,
    name: string,
    from: string[],
    attributes: Node['attributes'],
    epilogue?: Node['epilogue'],
  ) => ({
    ...{ name, op, domain: LOOKUP_DOMAIN, inputs: from, outputs: [name], attributes },
    ...(epilogue ? { epilogue } : {}),
  });
  const encoder = geometry === 'tree' ? [ENCODE_TREE.name, 'features', 'thresholds'] : [ENCODE.name, 'Q', 'b'];
  const encodeNode = (name: string, from: string) =>
    make(encoder[0]!, name, [from, 's', 'z', encoder[1]!, encoder[2]!], encode);
  const relu = { activation: { kind: 'Relu' } } as const;
  const lookUp = { K, kernel_shape: table, pads: padsOf(table) };
  const square = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: padsOf([kernel, kernel]) };
  const nodes: Node[] =
    geometry === 'integer'
      ? [make(QUANTIZED_CONV.name, 'y', ['x', 's', 'z', 'W', 'scale', 'bias'], square, relu)]
      : [encodeNode('codes', 'x'), make(LOOK_UP.name, 'y', ['codes', 'T', 'scale', 'bias'], lookUp, relu)];
  if (inputs === outputs) {
    nodes.push(encodeNode('next', 'y'), make(LOOK_UP.name, 'out', ['next', 'T', 'scale', 'bias'], lookUp));
  }
  const dims = [rows, inputs, size, size];
  const data = Float32Array.from(integers(rows * inputs * size * size, -1000, 1000), (value) => value / 300);
  const graph: Graph = {
    ...{ name: layer.name, opset: { '': 17, lutra: 1 }, nodes, initializers, metadata: {} },
    inputs: [{ name: 'x', type: 'float32', dims }],
    outputs: [{ name: nodes.at(-1)!.outputs[0]!, type: 'float32', dims: undefined }],
  };
  return { graph, feeds: { x: tensorValue('float32', dims, data) } };
}
