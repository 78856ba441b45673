import type { Graph } from '../types.js';
import { fuseEpilogues } from './fuse-epilogues.js';
import { simplify } from './simplify.js';

type Pass = (graph: Graph) => Graph;

const early = new Set<Pass>();
const registered = new Set<Pass>();

/**
 * Makes {@link optimize} apply passes for rarer networks, too. Registering a pass again changes nothing.
 *
 * @param first What must see the graph before it is simplified.
 */
export function registerPasses(passes: readonly Pass[], first: readonly Pass[]): void {
  for (const pass of passes) registered.add(pass);
  for (const pass of first) early.add(pass);
}

/** What a session applies before planning: {@link simplify}, then residual sums and activations fused into their producers. */
export function optimize(graph: Graph): Graph {
  let current = graph;
  for (const pass of [...early, simplify, ...registered]) current = pass(current);
  return fuseEpilogues(current);
}
