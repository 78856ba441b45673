import type { Graph } from '../graph/types.js';

/** The operator domain of lookup layers (docs/lookup-operators.md) and its version. */
export const LOOKUP_DOMAIN = 'lutra';
export const LOOKUP_OPSET = 1;

/** Whether a network has layers of this domain. */
export function hasLookups({ nodes }: Graph): boolean {
  return nodes.some(({ domain }) => domain === LOOKUP_DOMAIN);
}
