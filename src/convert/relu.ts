import { readValues } from '../graph/topology.js';
import type { Graph, Node } from '../graph/types.js';
import type { DenseLayer } from './dense-layers.js';

/** A ReLU that follows a layer, alone or after a residual addition. */
interface FollowingRelu {
  /** The other operand of the addition between layer and ReLU. */
  readonly skip?: string;
}

function onlyReader(graph: Graph, value: string): Node | undefined {
  if (graph.outputs.some(({ name }) => name === value)) return undefined;
  const readers = graph.nodes.filter((node) => readValues(node).includes(value));
  return readers.length === 1 ? readers[0] : undefined;
}

/** Relu, and Clip from 0 on. */
function isRelu(graph: Graph, node: Node): boolean {
  if (node.domain !== '') return false;
  if (node.op === 'Relu') return true;
  const low = graph.initializers.get(node.inputs[1] ?? '');
  return node.op === 'Clip' && low?.type === 'float32' && low.data.length === 1 && low.data[0] === 0;
}

/** The ReLU that is the only one to see the layer's output, if there is one. */
export function findRelu(graph: Graph, layer: DenseLayer): FollowingRelu | undefined {
  const reader = onlyReader(graph, layer.output);
  if (!reader) return undefined;
  if (isRelu(graph, reader)) return {};
  if (reader.domain !== '' || reader.op !== 'Add') return undefined;
  const after = onlyReader(graph, reader.outputs[0]!);
  if (!after || !isRelu(graph, after)) return undefined;
  const skip = reader.inputs.find((name) => name !== layer.output);
  return skip === undefined ? undefined : { skip };
}
