import { UniqueNames, valueNames } from '../graph/topology.js';
import type { Graph, Node, TensorValue } from '../graph/types.js';
import { type ParameterOptions, TRAINING_DOMAIN } from '../train/types.js';
import { LOOKUP_DOMAIN } from './domain.js';

/** Table entries and weights change by about the learning rate at every step of Adam: larger values may change faster. */
const REFERENCE = 0.05;

/** Root of the mean square. */
export function rootMeanSquare(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum / Math.max(1, values.length));
}

/** Puts nodes that can be differentiated in the place of lookup layers. The train stage of every family writes through it. */
export class TrainingWriter {
  readonly parameters = new Map<string, ParameterOptions>();
  /** Initializers that must not be taken for weights. */
  readonly constants: string[] = [];
  private readonly replaced = new Map<Node, readonly Node[]>();
  private readonly initializers: Map<string, TensorValue>;
  private readonly names: UniqueNames;
  private nodes: Node[] = [];

  constructor(readonly graph: Graph) {
    this.initializers = new Map(graph.initializers);
    this.names = new UniqueNames(valueNames(graph));
    for (const { name } of graph.nodes) this.names.add(name);
  }

  /** Puts the nodes that `write` adds in the place of a node, and returns what `write` does. */
  replace<T>(node: Node, write: () => T): T {
    this.nodes = [];
    const result = write();
    this.replaced.set(node, this.nodes);
    return result;
  }

  /** The network with everything replaced, without initializers that nothing reads. */
  finish(): Graph {
    const nodes = this.graph.nodes.flatMap((node) => this.replaced.get(node) ?? [node]);
    const read = new Set([...nodes.flatMap(({ inputs }) => inputs), ...this.graph.outputs.map(({ name }) => name)]);
    const initializers = new Map([...this.initializers].filter(([name]) => read.has(name)));
    const { [LOOKUP_DOMAIN]: _, ...opset } = this.graph.opset;
    return { ...this.graph, opset: { ...opset, [TRAINING_DOMAIN]: 1 }, nodes, initializers };
  }

  /** A float32 initializer. All of these return the name of the value that they add. */
  store(hint: string, dims: readonly number[], data: Float32Array): string {
    const name = this.names.make(hint);
    this.initializers.set(name, { type: 'float32', dims, data });
    return name;
  }

  /** An initializer that never learns. */
  fixed(hint: string, dims: readonly number[], data: Float32Array): string {
    const name = this.store(hint, dims, data);
    this.constants.push(name);
    return name;
  }

  /** An initializer that learns. */
  parameter(hint: string, dims: readonly number[], data: Float32Array, how: ParameterOptions): string {
    const name = this.store(hint, dims, data);
    this.parameters.set(name, how);
    return name;
  }

  /** An initializer that learns at a rate in proportion to the size of its values. */
  scaledParameter(hint: string, dims: readonly number[], data: Float32Array, how: ParameterOptions = {}): string {
    return this.parameter(hint, dims, data, { ...how, rate: Math.max(0.1, rootMeanSquare(data) / REFERENCE) });
  }

  /** An int64 vector. */
  vector(hint: string, values: readonly number[]): string {
    const name = this.names.make(hint);
    this.initializers.set(name, { type: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) });
    return name;
  }

  reshaped(x: string, dims: readonly number[]): string {
    return this.standard('Reshape', [x, this.vector('shape', dims)]);
  }

  transposed(x: string, perm: readonly number[]): string {
    return this.standard('Transpose', [x], { perm });
  }

  /** A node of the domain {@link TRAINING_DOMAIN}. */
  pseudo(op: string, inputs: readonly string[], attributes: Node['attributes'] = {}): string {
    return this.add(op, TRAINING_DOMAIN, inputs, attributes);
  }

  /** A standard node. @param output name of its result */
  standard(op: string, inputs: readonly string[], attributes: Node['attributes'] = {}, output?: string): string {
    return this.add(op, '', inputs, attributes, output);
  }

  private add(
    op: string,
    domain: string,
    inputs: readonly string[],
    attributes: Node['attributes'],
    output?: string,
  ): string {
    const name = this.names.make(op);
    const made = output ?? this.names.make(`${op} output`);
    this.nodes.push({ name, op, domain, inputs, outputs: [made], attributes });
    return made;
  }
}
