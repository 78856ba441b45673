import { LutraError } from '../errors.js';
import { LOOKUP_DOMAIN, LOOKUP_OPSET } from '../lut/domain.js';
import { sortTopologically, UniqueNames } from './topology.js';
import type { Attribute, DataType, Graph, Node, TensorValue, ValueInfo } from './types.js';

export interface GraphBuilderOptions {
  /** Default-domain opset. Default 17. */
  readonly opset?: number;
  readonly name?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface NodeOptions {
  /** Default `''`, the standard domain. */
  readonly domain?: string;
  /** Node name; the default is the operator and a number. */
  readonly name?: string;
  /** Output names, `''` for one left out. Default: one invented name. */
  readonly outputs?: readonly string[];
}

/**
 * Builds a graph in code: `const y = b.node('Conv', [x, w], { pads: [1, 1, 1, 1] })`.
 * Values are handed around by name; a tensor given as an input becomes an initializer.
 */
export class GraphBuilder {
  private readonly opset: Record<string, number>;
  private readonly names = new UniqueNames();
  private readonly inputs: ValueInfo[] = [];
  private readonly outputs: ValueInfo[] = [];
  private readonly nodes: Node[] = [];
  private readonly initializers = new Map<string, TensorValue>();

  constructor(private readonly options: GraphBuilderOptions = {}) {
    this.opset = { '': options.opset ?? 17 };
  }

  /** Declares a graph input and returns its name. A string dimension is symbolic. */
  input(name: string, dims: ValueInfo['dims'], type: DataType = 'float32'): string {
    this.claim(name);
    this.inputs.push({ name, type, dims });
    return name;
  }

  /** Stores a constant and returns its name. */
  constant(value: TensorValue, hint = 'constant'): string {
    const name = this.names.make(hint);
    this.initializers.set(name, value);
    return name;
  }

  /** float32 constant. */
  floats(dims: readonly number[], data: ArrayLike<number>, hint?: string): string {
    return this.constant({ type: 'float32', dims, data: Float32Array.from(data) }, hint);
  }

  /** int64 vector, the form of shapes, axes and pads. */
  ints(...values: number[]): string {
    return this.constant({ type: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) });
  }

  /** Adds a node and returns the name of its first output. */
  node(
    op: string,
    inputs: readonly (string | TensorValue)[],
    attributes: Readonly<Record<string, Attribute>> = {},
    options: NodeOptions = {},
  ): string {
    const domain = options.domain ?? '';
    if (this.opset[domain] === undefined) this.opset[domain] = domain === LOOKUP_DOMAIN ? LOOKUP_OPSET : 1;
    const name = options.name ?? `${op}_${this.nodes.length}`;
    const outputs = options.outputs ?? [this.names.make(`${name}_output`)];
    if (options.outputs) for (const output of options.outputs) if (output) this.claim(output);
    const names = inputs.map((input) => (typeof input === 'string' ? input : this.constant(input, `${name}_constant`)));
    this.nodes.push({ name, op, domain, inputs: names, outputs, attributes });
    return outputs[0]!;
  }

  /** Declares a value as a graph output. */
  output(name: string, dims: ValueInfo['dims'] = undefined, type: DataType = 'float32'): void {
    this.outputs.push({ name, type, dims });
  }

  /** @throws LutraError `INVALID_MODEL` when nodes form a cycle */
  build(): Graph {
    return {
      name: this.options.name ?? 'graph',
      opset: { ...this.opset },
      inputs: [...this.inputs],
      outputs: [...this.outputs],
      nodes: sortTopologically(this.nodes),
      initializers: new Map(this.initializers),
      metadata: { ...this.options.metadata },
    };
  }

  private claim(name: string): void {
    if (this.names.has(name)) throw new LutraError('INVALID_MODEL', `the value "${name}" is defined twice`);
    this.names.add(name);
  }
}
