import { numbersAttribute } from '../graph/attributes.js';
import type { Graph, Node, TensorValue } from '../graph/types.js';
import { permute } from '../lut/tables.js';
import { POINT, type Window, windowOf } from '../lut/window.js';

/** A layer with constant weights that a family of lookup layers could replace. */
export interface DenseLayer {
  readonly node: Node;
  /** Index in the graph's nodes. */
  readonly index: number;
  readonly kind: 'conv' | 'linear';
  readonly input: string;
  readonly output: string;
  /** [O, C, kh, kw]; a linear layer has kh = kw = 1. Includes Gemm's alpha. */
  readonly weight: Float32Array;
  /** [O]; zeros where the layer has none. Includes Gemm's beta. */
  readonly bias: Float32Array;
  readonly inputChannels: number;
  readonly outputChannels: number;
  readonly window: Window;
  /** No convolution lies upstream: it reads the network's input. */
  readonly first: boolean;
  /** No layer with weights lies downstream: it answers. */
  readonly last: boolean;
}

function floatData(value: TensorValue | undefined): Float32Array | undefined {
  return value?.type === 'float32' ? (value.data as Float32Array) : undefined;
}

type Shape = Pick<DenseLayer, 'kind' | 'weight' | 'bias' | 'inputChannels' | 'outputChannels' | 'window'>;

function convShape(graph: Graph, node: Node): Shape | undefined {
  const weight = graph.initializers.get(node.inputs[1] ?? '');
  const data = floatData(weight);
  if (!weight || !data || weight.dims.length !== 4 || (node.attributes.group ?? 1) !== 1) return undefined;
  const [O, C, kh, kw] = weight.dims as [number, number, number, number];
  if (numbersAttribute(node, 'dilations')?.some((d) => d !== 1)) return undefined;
  const autoPad = node.attributes.auto_pad ?? 'NOTSET';
  if (autoPad !== 'NOTSET' && autoPad !== 'VALID') return undefined;
  const window = windowOf(node, [kh, kw]);
  const biasName = node.inputs[2] ?? '';
  const bias = biasName ? floatData(graph.initializers.get(biasName)) : new Float32Array(O);
  if (!bias) return undefined;
  return {
    kind: 'conv',
    weight: data,
    bias,
    inputChannels: C,
    outputChannels: O,
    window: autoPad === 'VALID' ? { ...window, pads: POINT.pads } : window,
  };
}

function linearShape(graph: Graph, node: Node): Shape | undefined {
  const weight = graph.initializers.get(node.inputs[1] ?? '');
  const data = floatData(weight);
  if (!weight || !data || weight.dims.length !== 2) return undefined;
  const gemm = node.op === 'Gemm';
  if (gemm && (node.attributes.transA ?? 0) !== 0) return undefined;
  const transposed = gemm && node.attributes.transB === 1;
  const [O, C] = (transposed ? weight.dims : [...weight.dims].reverse()) as [number, number];
  const alpha = gemm && typeof node.attributes.alpha === 'number' ? node.attributes.alpha : 1;
  const beta = gemm && typeof node.attributes.beta === 'number' ? node.attributes.beta : 1;
  const bias = new Float32Array(O);
  const biasName = gemm ? (node.inputs[2] ?? '') : '';
  if (biasName) {
    const values = floatData(graph.initializers.get(biasName));
    if (!values || (values.length !== 1 && values.length !== O)) return undefined;
    for (let o = 0; o < O; o++) bias[o] = beta * values[values.length === 1 ? 0 : o]!;
  }
  return {
    kind: 'linear',
    weight: (transposed ? data : permute(data, [C, O], [1, 0])).map((w) => alpha * w),
    bias,
    inputChannels: C,
    outputChannels: O,
    window: POINT,
  };
}

const WEIGHTED = new Set(['Conv', 'Gemm', 'MatMul', 'ConvTranspose']);

/** Whether a node multiplies by constant weights (grouped and dilated convolutions too). */
function isWeighted(graph: Graph, node: Node): boolean {
  return node.domain === '' && WEIGHTED.has(node.op) && graph.initializers.has(node.inputs[1] ?? '');
}

/** Every layer of the graph that a family could replace, in order. */
export function findDenseLayers(graph: Graph): DenseLayer[] {
  const afterConvolution = new Set<string>();
  for (const node of graph.nodes) {
    if ((isWeighted(graph, node) && node.op === 'Conv') || node.inputs.some((name) => afterConvolution.has(name))) {
      for (const name of node.outputs) afterConvolution.add(name);
    }
  }
  const beforeWeights = new Set<string>();
  for (const node of [...graph.nodes].reverse()) {
    if (isWeighted(graph, node) || node.outputs.some((name) => beforeWeights.has(name))) {
      for (const name of node.inputs) beforeWeights.add(name);
    }
  }
  const layers: DenseLayer[] = [];
  graph.nodes.forEach((node, index) => {
    if (node.domain !== '' || node.epilogue) return;
    const shape =
      node.op === 'Conv'
        ? convShape(graph, node)
        : node.op === 'Gemm' || node.op === 'MatMul'
          ? linearShape(graph, node)
          : undefined;
    if (!shape) return;
    const input = node.inputs[0]!;
    const output = node.outputs[0]!;
    const first = node.op === 'Conv' && !afterConvolution.has(input);
    layers.push({ node, index, input, output, ...shape, first, last: !beforeWeights.has(output) });
  });
  return layers;
}
