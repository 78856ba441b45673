import type { Graph } from '../types.js';
import { fuseEpilogues } from './fuse-epilogues.js';
import { simplify } from './simplify.js';

type Pass = (graph: Graph) => Graph;

const registered = new Set<Pass>();

/** Makes {@link optimise} apply passes for rarer networks, too. Registering a pass again changes nothing. */
export function registerPasses(passes: readonly Pass[]): void {
  for (const pass of passes) registered.add(pass);
}

/** What a session applies before planning: {@link simplify}, then residual sums and activations fused into their producers. */
export function optimise(graph: Graph): Graph {
  let current = simplify(graph);
  for (const pass of registered) current = pass(current);
  return fuseEpilogues(current);
}
