import type { Graph } from '../graph/types.js';
import { serializeModel } from '../onnx/serialize.js';
import type { DenseLayer } from './dense-layers.js';

/** Bytes of function bodies and of the facts of the conversion in a file. */
const FILE_BYTES = 10_000;
/** Bytes of the nodes of a replaced layer with their names. */
export const LAYER_BYTES = 1_500;

/** What a file holds when these layers are replaced, without their tables and encoders. */
export function bytesBesideTables(graph: Graph, replaced: readonly DenseLayer[]): number {
  const nodes = new Set(replaced.map(({ node }) => node));
  const kept = new Set(graph.nodes.filter((node) => !nodes.has(node)).flatMap(({ inputs }) => inputs));
  const initializers = new Map(graph.initializers);
  for (const { inputs } of nodes) for (const name of inputs) if (!kept.has(name)) initializers.delete(name);
  return serializeModel({ ...graph, initializers }).length + FILE_BYTES + LAYER_BYTES * replaced.length;
}
