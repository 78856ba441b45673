import { LutraError } from '../errors.js';
import type { Attribute, Graph, Node } from './types.js';

export function isGraph(attribute: Attribute): attribute is Graph {
  return typeof attribute === 'object' && 'nodes' in attribute;
}

/** The graphs that a node holds as attributes (If, Loop, Scan). */
export function subgraphs(node: Node): Graph[] {
  return Object.values(node.attributes).filter(isGraph);
}

/** Names of outer values that a subgraph reads, those of its own subgraphs included. */
export function capturedValues(graph: Graph): Set<string> {
  const own = new Set<string>([...graph.inputs.map((input) => input.name), ...graph.initializers.keys()]);
  for (const node of graph.nodes) for (const output of node.outputs) own.add(output);
  const captured = new Set<string>();
  const read = (name: string) => {
    if (name && !own.has(name)) captured.add(name);
  };
  for (const node of graph.nodes) for (const name of readValues(node)) read(name);
  for (const output of graph.outputs) read(output.name);
  return captured;
}

/** Every value that a node reads: inputs, the residual of its epilogue, values captured by its subgraphs. Repeats repeated inputs. */
export function readValues(node: Node): string[] {
  const names = node.inputs.filter((name) => name !== '');
  if (node.epilogue?.residual) names.push(node.epilogue.residual);
  for (const graph of subgraphs(node)) names.push(...capturedValues(graph));
  return names;
}

/** Value name → nodes that read it, once per read. Graph outputs are not counted. */
export function consumersOf(nodes: readonly Node[]): Map<string, Node[]> {
  const consumers = new Map<string, Node[]>();
  for (const node of nodes) {
    for (const name of readValues(node)) {
      const readers = consumers.get(name);
      if (readers) readers.push(node);
      else consumers.set(name, [node]);
    }
  }
  return consumers;
}

/** Value name → node that computes it. */
export function producersOf(nodes: readonly Node[]): Map<string, Node> {
  const producers = new Map<string, Node>();
  for (const node of nodes) for (const output of node.outputs) if (output) producers.set(output, node);
  return producers;
}

/**
 * Nodes in an order in which every value is computed before it is read (depth first). A list that is already sorted keeps its order.
 *
 * @throws LutraError `INVALID_MODEL` when nodes depend on each other in a cycle.
 */
export function sortTopologically(nodes: readonly Node[]): Node[] {
  const producers = producersOf(nodes);
  const dependencies = new Map(
    nodes.map((node) => [node, readValues(node).flatMap((name) => producers.get(name) ?? [])]),
  );
  const state = new Map<Node, 'open' | 'done'>();
  const sorted: Node[] = [];
  for (const root of nodes) {
    // Every open node of the stack waits for the node above it, so meeting an open one again closes a cycle.
    const stack = [root];
    for (let node = stack.at(-1); node; node = stack.at(-1)) {
      const waiting = dependencies.get(node)!.filter((dependency) => state.get(dependency) !== 'done');
      if (waiting.length === 0) {
        stack.pop();
        if (state.get(node) !== 'done') sorted.push(node);
        state.set(node, 'done');
        continue;
      }
      state.set(node, 'open');
      if (waiting.some((dependency) => state.get(dependency) === 'open')) {
        throw new LutraError('INVALID_MODEL', 'the graph has a cycle', { node: `${node.name} (${node.op})` });
      }
      stack.push(...waiting.reverse());
    }
  }
  return sorted;
}

/** Makes names that were not used before. Many equal hints stay cheap: each remembers the last number it was given. */
export class UniqueNames {
  private readonly next = new Map<string, number>();

  constructor(private readonly used: Set<string> = new Set()) {}

  has(name: string): boolean {
    return this.used.has(name);
  }

  add(name: string): void {
    this.used.add(name);
  }

  /** `hint`, or `hint_1`, `hint_2` … */
  make(hint: string): string {
    let name = hint;
    let count = this.next.get(hint) ?? 1;
    while (this.used.has(name)) name = `${hint}_${count++}`;
    this.next.set(hint, count);
    this.used.add(name);
    return name;
  }
}

/** Every value name of a graph, subgraphs included. */
export function valueNames(graph: Graph, names = new Set<string>()): Set<string> {
  for (const info of [...graph.inputs, ...graph.outputs]) names.add(info.name);
  for (const name of graph.initializers.keys()) names.add(name);
  for (const node of graph.nodes) {
    for (const name of [...node.inputs, ...node.outputs]) names.add(name);
    for (const inner of subgraphs(node)) valueNames(inner, names);
  }
  return names;
}
