import {
  capturedValues,
  producersOf,
  readValues,
  sortTopologically,
  subgraphs,
  UniqueNames,
  valueNames,
} from './topology.js';
import type { Graph, Node, TensorValue } from './types.js';

/**
 * A graph being rewritten. Keeps producers and readers of every value up to date, so that a pass is a walk over `nodes` with
 * local questions and replacements. Values that subgraphs capture and graph outputs are *pinned*: their names must stay.
 */
export class GraphEditor {
  private readonly slots: Node[][];
  private readonly place = new Map<Node, number>();
  private readonly byName = new Map<string, Node>();
  private readonly producers: Map<string, Node>;
  private readonly reads = new Map<string, Node[]>();
  private readonly pinned = new Set<string>();
  private readonly initializers: Map<string, TensorValue>;
  private readonly names: UniqueNames;
  private changed = false;

  constructor(readonly graph: Graph) {
    this.slots = graph.nodes.map((node) => [node]);
    this.producers = producersOf(graph.nodes);
    this.initializers = new Map(graph.initializers);
    this.names = new UniqueNames(valueNames(graph));
    for (const output of graph.outputs) this.pinned.add(output.name);
    for (const [index, node] of graph.nodes.entries()) {
      this.addReads(node);
      this.place.set(node, index);
      this.byName.set(node.name, node);
      for (const inner of subgraphs(node)) for (const name of capturedValues(inner)) this.pinned.add(name);
    }
  }

  /** The nodes of this moment, in order; later changes do not touch the returned list. */
  get nodes(): readonly Node[] {
    return this.slots.flat();
  }

  /** The node of this name: passes walk over names, since a change replaces the objects of neighbors. */
  node(name: string): Node | undefined {
    return this.byName.get(name);
  }

  /** Version of the default domain. */
  get opset(): number {
    return this.graph.opset[''] ?? 0;
  }

  /** Constants by name, as they are now. */
  get constants(): ReadonlyMap<string, TensorValue> {
    return this.initializers;
  }

  constant(name: string | undefined): TensorValue | undefined {
    return name ? this.initializers.get(name) : undefined;
  }

  producer(name: string | undefined): Node | undefined {
    return name ? this.producers.get(name) : undefined;
  }

  readers(name: string): readonly Node[] {
    return this.reads.get(name) ?? [];
  }

  isPinned(name: string): boolean {
    return this.pinned.has(name);
  }

  /** The one node that reads `name`, once; undefined when others do, when it is pinned, or when nothing reads it. */
  soleReader(name: string | undefined): Node | undefined {
    if (!name || this.pinned.has(name)) return undefined;
    const readers = this.readers(name);
    return readers.length === 1 ? readers[0] : undefined;
  }

  /** Stores a constant under a new name made from `hint`. */
  addConstant(value: TensorValue, hint: string): string {
    const name = this.newName(hint);
    this.initializers.set(name, value);
    this.changed = true;
    return name;
  }

  /** Makes the value `name`, whose producer must have been removed, a constant. */
  setConstant(name: string, value: TensorValue): void {
    this.initializers.set(name, value);
    this.changed = true;
  }

  newName(hint: string): string {
    return this.names.make(hint);
  }

  /** Removes `old` and puts `replacement` where the last of them stood. */
  replace(old: readonly Node[], replacement: readonly Node[]): void {
    const slot = Math.max(...old.map((node) => this.place.get(node)!));
    for (const node of old) this.remove(node);
    this.slots[slot]!.push(...replacement);
    for (const node of replacement) {
      this.place.set(node, slot);
      this.byName.set(node.name, node);
      this.addReads(node);
      for (const output of node.outputs) if (output) this.producers.set(output, node);
    }
    this.changed = true;
  }

  remove(node: Node): void {
    const slot = this.place.get(node)!;
    this.slots[slot] = this.slots[slot]!.filter((other) => other !== node);
    this.place.delete(node);
    if (this.byName.get(node.name) === node) this.byName.delete(node.name);
    for (const output of node.outputs) if (this.producers.get(output) === node) this.producers.delete(output);
    for (const name of readValues(node)) {
      const readers = this.reads.get(name)!;
      readers.splice(readers.indexOf(node), 1);
    }
    this.changed = true;
  }

  /** Lets every reader of `from` read `to` instead. `from` must not be pinned. */
  redirect(from: string, to: string): void {
    for (const reader of new Set(this.readers(from))) {
      const { epilogue } = reader;
      this.replace(
        [reader],
        [
          {
            ...reader,
            inputs: reader.inputs.map((name) => (name === from ? to : name)),
            ...(epilogue && { epilogue: epilogue.residual === from ? { ...epilogue, residual: to } : epilogue }),
          },
        ],
      );
    }
  }

  /** Removes a node that hands its input on unchanged as its first output. Keeps it where both names must stay. */
  bypass(node: Node): boolean {
    const [from] = node.inputs;
    const [to] = node.outputs;
    if (!from || !to) return false;
    if (!this.pinned.has(to)) {
      this.remove(node);
      this.redirect(to, from);
      return true;
    }
    const producer = this.producers.get(from);
    if (!producer || this.pinned.has(from)) return false;
    this.remove(node);
    this.replace([producer], [{ ...producer, outputs: producer.outputs.map((name) => (name === from ? to : name)) }]);
    this.redirect(from, to);
    return true;
  }

  /** The rewritten graph, sorted; the same object when nothing changed. */
  finish(): Graph {
    if (!this.changed) return this.graph;
    return { ...this.graph, nodes: sortTopologically(this.nodes), initializers: this.initializers };
  }

  private addReads(node: Node): void {
    for (const name of readValues(node)) {
      const readers = this.reads.get(name);
      if (readers) readers.push(node);
      else this.reads.set(name, [node]);
    }
  }
}
