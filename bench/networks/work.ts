import { declaredInputs, inferTypes } from '../../src/graph/passes/infer-types.js';
import type { Graph } from '../../src/graph/types.js';
import { type Work, workOf } from '../../src/lut/work.js';
import { COMPLETE_OPERATORS } from '../../src/ops/complete.js';

/** Counts what a network computes for one example: symbolic dimensions are 1, elementwise operators are not counted. */
export function countWork(graph: Graph): Work {
  const { types } = inferTypes(
    graph,
    COMPLETE_OPERATORS,
    declaredInputs(graph, () => 1),
  );
  const total = { macs: 0, searchMacs: 0, lookups: 0, tableBytes: 0 };
  for (const node of graph.nodes) {
    const work = workOf(node, (name) => types.get(name ?? '')?.dims ?? []);
    for (const key of Object.keys(total) as (keyof Work)[]) total[key] += work[key];
  }
  return total;
}
