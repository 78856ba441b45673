import { declaredInputs } from '../../src/graph/passes/infer-types.js';
import type { Graph } from '../../src/graph/types.js';
import { bind } from '../../src/plan/bind.js';
import { COMPLETE_RUNTIME } from '../../src/plan/complete.js';
import type { Runtime } from '../../src/plan/runtime.js';
import type { ConcreteGraph } from '../../src/plan/types.js';

/** The graph that is planned for the declared input shapes; symbolic dimensions are 2 unless `sizes` says otherwise. */
export function bindDeclared(
  graph: Graph,
  sizes: Readonly<Record<string, number>> = {},
  runtime: Runtime = COMPLETE_RUNTIME,
): ConcreteGraph {
  return bind(graph, runtime, Object.fromEntries(declaredInputs(graph, (symbol) => sizes[symbol] ?? 2)));
}
