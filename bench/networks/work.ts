import { inferTypes } from '../../src/graph/passes/infer-types.js';
import type { Graph, TensorType } from '../../src/graph/types.js';
import { type Work, workOf } from '../../src/lut/work.js';
import { OPERATORS } from '../../src/ops/complete.js';
import { registerOperators } from '../../src/ops/registry.js';

/** Counts what a network computes for one example: symbolic dimensions are 1, elementwise operators are not counted. */
export function countWork(graph: Graph): Work {
  registerOperators(OPERATORS);
  const inputs = new Map<string, TensorType>(
    graph.inputs.map(({ name, type, dims }) => [
      name,
      { type, dims: (dims ?? []).map((size) => (typeof size === 'number' ? size : 1)) },
    ]),
  );
  const { types } = inferTypes(graph, inputs);
  const total = { macs: 0, searchMacs: 0, lookups: 0, tableBytes: 0 };
  for (const node of graph.nodes) {
    const work = workOf(node, (name) => types.get(name ?? '')?.dims ?? []);
    for (const key of Object.keys(total) as (keyof Work)[]) total[key] += work[key];
  }
  return total;
}
