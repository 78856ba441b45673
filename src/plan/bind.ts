import { LutraError } from '../errors.js';
import { fuseEpilogues, sameType } from '../graph/passes/fuse-epilogues.js';
import { consumersOf } from '../graph/topology.js';
import type { Graph, TensorValue } from '../graph/types.js';
import { resolve } from './resolve.js';
import type { Runtime } from './runtime.js';
import type { ConcreteGraph, InputTypes } from './types.js';

/** What planning needs to know of feeds: their types. @param deciding inputs whose values, copied, come with them */
export function typesOf(feeds: Readonly<Record<string, TensorValue>>, deciding: readonly string[] = []): InputTypes {
  const entries = Object.entries(feeds).map(([name, { type, dims, data }]) => [
    name,
    deciding.includes(name) ? { type, dims, data: data.slice() } : { type, dims },
  ]);
  return Object.fromEntries(entries);
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
