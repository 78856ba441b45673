import type { OperatorSet } from '../../ops/operator-set.js';
import type { Graph, TensorType } from '../types.js';
import { simplify } from './simplify.js';

/** Rewrites a model for every size of its symbolic dimensions. */
export type Pass = (graph: Graph, operators: OperatorSet) => Graph;
/**
 * Rewrites a graph for the shapes of one plan.
 *
 * @param types of all values of the graph; the pass adds those of the values that it makes
 */
export type PlanPass = (graph: Graph, operators: OperatorSet, types: Map<string, TensorType>) => Graph;

/** What is done beside {@link simplify} and the fusing of epilogues, each list in order. */
export interface Passes {
  /** Once per model, before it is simplified. */
  readonly first: readonly Pass[];
  /** Once per model, after it is simplified. */
  readonly last: readonly Pass[];
  /** For every plan, before epilogues are fused. */
  readonly plan: readonly PlanPass[];
}

/** What a session does with a model once, for whatever shapes come. */
export function optimize(
  graph: Graph,
  { operators, passes }: { readonly operators: OperatorSet; readonly passes: Passes },
): Graph {
  return [...passes.first, simplify, ...passes.last].reduce((current, pass) => pass(current, operators), graph);
}
