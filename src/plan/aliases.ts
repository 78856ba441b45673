import type { Node } from '../graph/types.js';
import type { ConcreteGraph } from './types.js';

/** Whether a node only gives the bytes of its first input another shape: its output is then another name for the same memory. */
export function isAlias({ graph, operators, types, consumers, outputs }: ConcreteGraph, node: Node): boolean {
  const [renamed = '', ...others] = node.outputs;
  return (
    operators.of(node, graph.opset)?.traits.alias === true &&
    types.get(renamed)?.type !== 'string' &&
    // The mask of a Dropout.
    others.every((name) => !consumers.has(name) && !outputs.has(name))
  );
}
