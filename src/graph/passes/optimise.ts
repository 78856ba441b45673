import type { Graph } from '../types.js';
import { fuseEpilogues } from './fuse-epilogues.js';
import { mergeHardSwish } from './merge-hard-swish.js';
import { simplify } from './simplify.js';

/** What a session applies before planning: {@link simplify}, then residual sums and activations fused into their producers. */
export function optimise(graph: Graph): Graph {
  return fuseEpilogues(mergeHardSwish(simplify(graph)));
}
