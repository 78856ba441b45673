import { LutraError } from '../errors.js';
import { fuseEpilogues, sameType } from '../graph/passes/fuse-epilogues.js';
import type { PlanPass } from '../graph/passes/optimize.js';
import type { Graph, TensorType } from '../graph/types.js';
import { inferContext } from '../ops/infer-node.js';
import { describeNode } from '../ops/operator.js';
import { readersOf, resolve } from './resolve.js';
import type { Runtime } from './runtime.js';
import type { ConcreteGraph } from './types.js';

/**
 * The graph that is planned for concrete input types: every shape is known first, then come the passes that need the shapes, so that
 * none of them has to guess.
 *
 * @param graph a model after `optimize`
 * @throws LutraError what {@link resolve} throws
 */
export function bind(
  graph: Graph,
  { operators, passes }: Runtime,
  inputTypes: Readonly<Record<string, TensorType>>,
): ConcreteGraph {
  const resolved = resolve(graph, operators, inputTypes);
  const types = new Map(resolved.types);
  let current: Graph = { ...graph, nodes: resolved.nodes, initializers: resolved.constants };
  for (const pass of [...passes.plan, fuseEpilogues]) current = applyPass(pass, current, resolved, types);
  const { nodes, initializers: constants } = current;
  for (const node of nodes) {
    const residual = node.epilogue?.residual;
    // Kernels add it element by element: another shape would make them read outside of it.
    if (residual === undefined || sameType(types, residual, node.outputs[0]!)) continue;
    throw new LutraError('INTERNAL', `the fused sum with "${residual}" has terms of different shapes`, {
      node: describeNode(node),
    });
  }
  return { ...resolved, nodes, types, constants, consumers: readersOf(nodes) };
}

/** Applies a pass, and adds the types of the values that are new. */
function applyPass(pass: PlanPass, before: Graph, { operators }: ConcreteGraph, types: Map<string, TensorType>): Graph {
  const after = pass(before, operators, types);
  if (after === before) return before;
  for (const [name, { type, dims }] of after.initializers) types.set(name, { type, dims });
  for (const node of after.nodes) {
    if (node.outputs.every((name) => types.has(name))) continue;
    const context = inferContext(node, after.opset, { types, values: after.initializers });
    const inferred = operators.of(node, after.opset)!.infer(context);
    node.outputs.forEach((name, index) => {
      types.set(name, inferred[index]!);
    });
  }
  return after;
}
