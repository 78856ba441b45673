import type { Graph } from '../graph/types.js';

/** The operator domain of lookup layers (docs/lookup-operators.md) and its version. */
export const LOOKUP_DOMAIN = 'lutra';
export const LOOKUP_OPSET = 1;
/** Lowest default opset in which the function bodies are valid: ReduceSum takes its axes as an input from 13 on. */
export const BODY_OPSET = 13;

/** Whether a network has layers of this domain. */
export function hasLookups({ nodes }: Graph): boolean {
  return nodes.some(({ domain }) => domain === LOOKUP_DOMAIN);
}
