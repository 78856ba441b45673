import type { Node } from '../graph/types.js';
import type { ConcreteGraph } from './types.js';

const RENAMING = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity', 'Dropout']);

/** Whether a node only gives the bytes of its first input another shape: its output is then another name for the same memory. */
export function isAlias({ types, consumers, outputs }: ConcreteGraph, node: Node): boolean {
  const [renamed = '', ...others] = node.outputs;
  return (
    node.domain === '' &&
    RENAMING.has(node.op) &&
    types.get(renamed)?.type !== 'string' &&
    // The mask of a Dropout.
    others.every((name) => !consumers.has(name) && !outputs.has(name))
  );
}
