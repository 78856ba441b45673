import { LutraError } from '../errors.js';
import { fuseEpilogues, sameType } from '../graph/passes/fuse-epilogues.js';
import { consumersOf } from '../graph/topology.js';
import type { Graph, TensorType, TensorValue } from '../graph/types.js';
import { resolve } from './resolve.js';
import type { Runtime } from './runtime.js';
import type { ConcreteGraph, InputTypes } from './types.js';

/** What planning needs to know of feeds: their types, not their values. */
export function typesOf(values: Readonly<Record<string, TensorValue>>): Record<string, TensorType> {
  return Object.fromEntries(Object.entries(values).map(([name, { type, dims }]) => [name, { type, dims }]));
}

/**
 * The graph that is planned for concrete input types: every shape is known first, then come the passes that need the shapes, so that
 * none of them has to guess.
 *
 * @param graph a model after `optimize`
 * @throws LutraError what {@link resolve} throws
 */
export function bind(graph: Graph, { operators, passes }: Runtime, inputTypes: InputTypes): ConcreteGraph {
  const resolved = resolve(graph, operators, inputTypes);
  const types = new Map(resolved.types);
  let current: Graph = { ...graph, nodes: resolved.nodes, initializers: resolved.constants };
  for (const pass of [...passes.plan, fuseEpilogues]) current = pass(current, operators, types);
  const { nodes, initializers: constants } = current;
  for (const { name, epilogue, outputs } of nodes) {
    // Kernels add a residual element by element: another shape would make them read outside of it.
    if (epilogue?.residual && !sameType(types, epilogue.residual, outputs[0]!)) {
      throw new LutraError('INTERNAL', `the residual "${epilogue.residual}" of ${name} has another shape`);
    }
  }
  return { ...resolved, nodes, types, constants, consumers: consumersOf(nodes) };
}
