import { readValues } from '../topology.js';
import type { Graph } from '../types.js';

/** Removes nodes that no output depends on, and constants that nothing reads. Graph inputs stay: they are the caller's. */
export function removeDeadCode(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map((output) => output.name));
  const nodes = graph.nodes.toReversed().filter((node) => {
    const live = node.outputs.some((output) => needed.has(output));
    if (live) for (const name of readValues(node)) needed.add(name);
    return live;
  });
  const initializers = new Map([...graph.initializers].filter(([name]) => needed.has(name)));
  if (nodes.length === graph.nodes.length && initializers.size === graph.initializers.size) return graph;
  return { ...graph, nodes: nodes.reverse(), initializers };
}
