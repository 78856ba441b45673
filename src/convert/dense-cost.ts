import { declaredInputs, inferTypes } from '../graph/passes/infer-types.js';
import { elementCount } from '../graph/tensor.js';
import type { Graph } from '../graph/types.js';
import { outputSize } from '../lut/window.js';
import { COMPLETE_OPERATORS } from '../ops/complete.js';
import { denseMacs } from '../ops/macs.js';
import type { DenseLayer } from './dense-layers.js';
import type { InputSize } from './sizes.js';

/** Nanoseconds of one multiply-add of the dense float32 kernels: see `KERNEL_NANOSECONDS` of src/lut/coded/fit/cost-model.ts. */
export const DENSE_MAC = 0.046;
/** Nanoseconds to scale, bias and store one output, in every kernel. */
export const STORED = 0.75;
/**
 * Nanoseconds to read one byte of weights or tables again. Between two runs of a network they leave the nearest caches: many taps have
 * large tables, which cost more than their additions.
 */
export const READ_BYTE = 0.05;

/** What the dense layer costs for one example. */
export function denseCost({ inputChannels: C, outputChannels: M, window, weight }: DenseLayer, size: InputSize) {
  const [height, width] = outputSize(window, size);
  const outputs = height * width * M;
  const macs = outputs * C * window.kernel[0] * window.kernel[1];
  return { macs, nanoseconds: macs * DENSE_MAC + outputs * STORED + 4 * weight.length * READ_BYTE };
}

/** Nanoseconds of one value that another operator computes. */
const ELEMENT = 0.3;
/** Operators that are computed with the layer before them. */
const FUSED = new Set(['Relu', 'Clip', 'LeakyRelu', 'Add']);

/** What all nodes but these layers cost for one example: grouped convolutions, pooling, operators between layers. */
export function otherNanoseconds(graph: Graph, layers: readonly DenseLayer[]): number {
  const nodes = new Set(layers.map(({ node }) => node));
  const { types } = inferTypes(
    graph,
    COMPLETE_OPERATORS,
    declaredInputs(graph, () => 1),
  );
  const dims = (name: string | undefined) => types.get(name ?? '')?.dims ?? [];
  return graph.nodes.reduce((sum, node) => {
    const { alias, shapeOnly } = COMPLETE_OPERATORS.of(node, graph.opset)?.traits ?? {};
    if (nodes.has(node) || alias || shapeOnly || FUSED.has(node.op)) return sum;
    return sum + denseMacs(node, dims) * DENSE_MAC + elementCount(dims(node.outputs[0])) * ELEMENT;
  }, 0);
}
