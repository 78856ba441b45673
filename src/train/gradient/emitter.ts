import { LutraError } from '../../errors.js';
import { arrayType } from '../../graph/tensor.js';
import { UniqueNames } from '../../graph/topology.js';
import type { Graph, Node, TensorType, TensorValue, ValueInfo } from '../../graph/types.js';
import { COMPLETE_OPERATORS } from '../../ops/complete.js';
import { inferContext, inferNode } from '../../ops/infer-node.js';
import { nodeError } from '../../ops/operator.js';
import type { OperatorSet } from '../../ops/operator-set.js';
import type { Emitter } from '../types.js';

/** Default opset of emitted graphs: the first with Gelu, and every reduction takes its axes as an input. */
export const EMITTED_OPSET = 20;
/** Values of up to this many elements that follow from constants are computed here instead of by a node. */
const SMALL = 1024;

/** Builds a standard ONNX graph in which every shape is known. Equal nodes and equal constants are made once. */
export class GraphEmitter implements Emitter {
  private readonly names = new UniqueNames();
  private readonly inputs: ValueInfo[] = [];
  private readonly nodeList: Node[] = [];
  private readonly initializers = new Map<string, TensorValue>();
  private readonly types = new Map<string, TensorType>();
  private readonly made = new Map<string, readonly string[]>();
  private readonly opset: Record<string, number>;

  /** @param opset versions of the other domains. */
  constructor(
    opset: Graph['opset'],
    private readonly operators: OperatorSet = COMPLETE_OPERATORS,
  ) {
    this.opset = { ...opset, '': EMITTED_OPSET };
  }

  /** Declares a graph input. */
  input(name: string, type: TensorType): string {
    this.names.add(name);
    this.inputs.push({ name, type: type.type, dims: type.dims });
    this.types.set(name, { type: type.type, dims: type.dims });
    return name;
  }

  node(op: string, inputs: readonly string[], attributes: Node['attributes'] = {}, domain = ''): string {
    return this.emit({ name: '', op, domain, inputs, outputs: ['y'], attributes })[0]!;
  }

  nodes(op: string, inputs: readonly string[], outputs: number, attributes: Node['attributes'] = {}): string[] {
    const names = Array.from({ length: outputs }, (_, i) => `y${i}`);
    return [...this.emit({ name: '', op, domain: '', inputs, outputs: names, attributes })];
  }

  /**
   * Adds a copy of `node`, whose outputs get new names. An omitted output (`''`) stays omitted.
   *
   * @throws LutraError `UNSUPPORTED` for an operator that is not known, and what its shape inference throws.
   */
  emit(node: Node): readonly string[] {
    const { op, domain, inputs, attributes } = node;
    const kept = node.outputs.map((name) => (name ? 1 : 0)).join('');
    const key = JSON.stringify([op, domain, inputs, attributes, kept]);
    const earlier = this.made.get(key);
    if (earlier) return earlier;
    const name = node.name || `${op}_${this.nodeList.length}`;
    const named = { ...node, name };
    const operator = this.operators.of(node, this.opset);
    if (!operator) throw nodeError(named, 'UNSUPPORTED', 'the operator is not known');
    for (const input of inputs) if (input) this.type(input);
    const known = { types: this.types, values: this.initializers };
    const { types, values } = inferNode(operator, inferContext(named, this.opset, known), SMALL);
    const constants = inputs.length > 0 ? values : undefined;
    const outputs = node.outputs.map((output, index) => {
      if (!output) return '';
      return constants ? this.constant(constants[index]!) : this.names.make(op);
    });
    outputs.forEach((output, index) => {
      if (output) this.types.set(output, types[index]!);
    });
    if (!constants) {
      this.nodeList.push({ name: this.names.make(`node ${name}`), op, domain, inputs, outputs, attributes });
    }
    this.made.set(key, outputs);
    return outputs;
  }

  scalar(value: number, like: string): string {
    const { type } = this.type(like);
    const data = new (arrayType<'float32'>(type))(1);
    data[0] = value;
    return this.constant({ type, dims: [], data });
  }

  ints(values: readonly number[]): string {
    return this.constant({ type: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) });
  }

  constant(value: TensorValue): string {
    const key =
      value.data.length <= SMALL ? `${value.type} ${value.dims} ${Array.from(value.data as Float32Array)}` : '';
    const earlier = key ? this.made.get(key) : undefined;
    if (earlier) return earlier[0]!;
    const name = this.names.make('constant');
    this.initializers.set(name, value);
    this.types.set(name, { type: value.type, dims: value.dims });
    if (key) this.made.set(key, [name]);
    return name;
  }

  type(name: string): TensorType {
    const type = this.types.get(name);
    if (!type) throw new LutraError('INTERNAL', `the emitted graph has no value "${name}"`);
    return type;
  }

  value(name: string): TensorValue | undefined {
    return this.initializers.get(name);
  }

  /** The graph with these outputs: output name → value. Nodes that no output needs are left out. */
  finish(name: string, outputs: ReadonlyMap<string, string>): Graph {
    const renamed = Array.from(outputs, ([name, value]): Node => {
      return { name, op: 'Identity', domain: '', inputs: [value], outputs: [name], attributes: {} };
    });
    const needed = new Set(outputs.values());
    const nodes: Node[] = [];
    for (const node of this.nodeList.toReversed()) {
      if (!node.outputs.some((value) => needed.has(value))) continue;
      for (const value of node.inputs) needed.add(value);
      nodes.push(node);
    }
    return {
      name,
      opset: this.opset,
      inputs: this.inputs,
      outputs: Array.from(outputs, ([output, value]) => ({ name: output, ...this.type(value) })),
      nodes: [...nodes.reverse(), ...renamed],
      initializers: new Map([...this.initializers].filter(([value]) => needed.has(value))),
      metadata: {},
    };
  }
}
