import { LutraError } from '../../errors.js';
import { formatType } from '../../graph/tensor.js';
import type { Graph, Node, TensorType } from '../../graph/types.js';
import { describeNode } from '../../ops/operator.js';
import type { OperatorSet } from '../../ops/operator-set.js';
import { type Emitted, type GradientRule, TRAINING_DOMAIN, type TrainingNetwork } from '../types.js';
import { EMITTED_OPSET, GraphEmitter } from './emitter.js';
import { findRule, type RuleSet, ruleSet } from './registry.js';
import { GRADIENT_RULES } from './rules.js';
import { sameDims } from './shapes.js';

export interface DifferentiateOptions {
  /** Examples per run: the size of the batch dimension of the emitted graph. */
  readonly microBatch: number;
  /** Default: all of `GRADIENT_RULES`, and those that the network brings with it. */
  readonly rules?: RuleSet;
  /** Operators of the network. Default: all. */
  readonly operators?: OperatorSet;
}

/** A batch statistic that the running value of an initializer moves to: running · momentum + batch · (1 − momentum). */
interface Statistic {
  readonly output: string;
  readonly momentum: number;
}

/** The graph of a training step without its update, and the names of its outputs. */
export interface TrainingGraph {
  /** Standard operators only. Inputs: those of the network, then the parameters under their own names. */
  readonly graph: Graph;
  /** Output with the scalar loss. */
  readonly loss: string;
  /** Metric → output. */
  readonly metrics: Readonly<Record<string, string>>;
  /** Parameter → output with the gradient of the loss by it, of its shape. */
  readonly gradients: ReadonlyMap<string, string>;
  /** Running statistic (initializer) → its batch value. */
  readonly statistics: ReadonlyMap<string, Statistic>;
}

/** Oldest default opset whose operators mean the same in the emitted graph, but for what the rules rewrite. */
const OLDEST_OPSET = 13;

/**
 * Reverse-mode differentiation as a graph transformation: emits the forward pass, then the gradients in reverse order
 * (Griewank & Walther, Evaluating Derivatives, 2008, ch. 3). Pure.
 *
 * @throws LutraError `UNSUPPORTED` naming every node that lies between a parameter and the loss and cannot be differentiated;
 *   `INVALID_ARGUMENT` for a loss that is no scalar, a parameter that is no float initializer or that the loss does not depend on.
 */
export function differentiate(network: TrainingNetwork, options: DifferentiateOptions): TrainingGraph {
  const rules = options.rules ?? ruleSet(GRADIENT_RULES, network.rules ?? []);
  return new Differentiation(network, rules, options.microBatch, options.operators).run();
}

interface Step {
  readonly node: Node;
  readonly rule: GradientRule | undefined;
  readonly inputs: readonly string[];
  readonly emitted: Emitted;
}

class Differentiation {
  private readonly emitter: GraphEmitter;
  /** Value of the network → value of the emitted graph. */
  private readonly values = new Map<string, string>();
  /** Values of the network that follow from a parameter. */
  private readonly active = new Set<string>();
  private readonly steps: Step[] = [];
  /** Value of the network → its gradients from each reader. Not by emitted values: two of the network may share one. */
  private readonly gradients = new Map<string, string[]>();
  private readonly statistics = new Map<string, Statistic & { value: string }>();

  constructor(
    private readonly network: TrainingNetwork,
    private readonly rules: RuleSet,
    private readonly microBatch: number,
    operators: OperatorSet | undefined,
  ) {
    const { opset } = network.graph;
    const version = opset[''] ?? OLDEST_OPSET;
    if (version < OLDEST_OPSET || version > EMITTED_OPSET) {
      throw new LutraError('UNSUPPORTED', 'the network to train has an opset that cannot be differentiated', {
        expected: `${OLDEST_OPSET} to ${EMITTED_OPSET}`,
        actual: `${version}`,
      });
    }
    const { [TRAINING_DOMAIN]: _, ...kept } = opset;
    this.emitter = new GraphEmitter(kept, operators);
  }

  run(): TrainingGraph {
    const { graph, loss, metrics = {}, parameters } = this.network;
    this.declareInputs();
    const wanted = neededNodes(graph, [loss, ...Object.values(metrics)]);
    for (const node of graph.nodes) if (wanted.has(node)) this.forward(node);
    const lossValue = this.scalarValue('loss', loss);
    this.refuseUnknown();
    this.backward(lossValue);
    const outputs = new Map([['loss', lossValue]]);
    const add = (name: string, value: string) => {
      outputs.set(name, value);
      return name;
    };
    const metricOutputs = Object.fromEntries(
      Object.entries(metrics).map(([name, value]) => [name, add(`metric/${name}`, this.scalarValue(name, value))]),
    );
    const gradients = new Map<string, string>();
    for (const name of parameters.keys()) {
      const gradient = this.gradientOf(name);
      if (gradient === undefined) {
        throw new LutraError('INVALID_ARGUMENT', `the loss does not depend on the parameter "${name}"`, {
          hint: 'Leave it out of the parameters, or remove the StopGradient before it',
        });
      }
      gradients.set(name, add(`gradient/${name}`, gradient));
    }
    const statistics = new Map<string, Statistic>();
    for (const [name, { value, momentum }] of this.statistics) {
      statistics.set(name, { output: add(`statistic/${name}`, value), momentum });
    }
    return {
      graph: this.emitter.finish(`${graph.name} training step`, outputs),
      loss: 'loss',
      metrics: metricOutputs,
      gradients,
      statistics,
    };
  }

  private declareInputs(): void {
    const { graph, parameters } = this.network;
    for (const { name, type, dims } of graph.inputs) {
      const bound = dims?.map((dim, axis) => (axis === 0 && typeof dim === 'string' ? this.microBatch : dim));
      if (!bound?.every((dim) => typeof dim === 'number')) {
        throw new LutraError('INVALID_ARGUMENT', `the input "${name}" of the network has no fixed shape`, {
          expected: 'numbers after the batch dimension',
          actual: `[${dims ?? ''}]`,
        });
      }
      this.values.set(name, this.emitter.input(name, { type, dims: bound }));
    }
    for (const name of parameters.keys()) {
      const value = graph.initializers.get(name);
      if (!value || !isFloat(value)) {
        throw new LutraError('INVALID_ARGUMENT', `the parameter "${name}" is not a float initializer of the network`, {
          expected: 'float32',
          actual: value ? formatType(value) : 'no initializer',
        });
      }
      this.values.set(name, this.emitter.input(name, value));
      this.active.add(name);
    }
  }

  /** The emitted value for a value of the network. */
  private valueOf(name: string, node: Node): string {
    if (!name) return '';
    const known = this.values.get(name);
    if (known !== undefined) return known;
    const initializer = this.network.graph.initializers.get(name);
    if (!initializer) {
      throw new LutraError('INVALID_MODEL', `reads the value "${name}" that nothing computes`, {
        node: describeNode(node),
      });
    }
    const constant = this.emitter.constant(initializer);
    this.values.set(name, constant);
    return constant;
  }

  private forward(node: Node): void {
    const inputs = node.inputs.map((name) => this.valueOf(name, node));
    const rule = findRule(this.rules, node);
    const { emitter } = this;
    const emitted = rule?.forward?.({ emitter, node, inputs }) ?? { outputs: emitter.emit({ ...node, inputs }) };
    const active = this.wantedInputs(node, rule).includes(true);
    node.outputs.forEach((name, index) => {
      const output = emitted.outputs[index];
      if (!name || !output) return;
      this.values.set(name, output);
      if (active && isFloat(emitter.type(output))) this.active.add(name);
    });
    for (const [input, { value, momentum }] of Object.entries(emitted.updates ?? {})) {
      const initializer = node.inputs[Number(input)]!;
      if (!this.network.graph.initializers.has(initializer)) {
        throw new LutraError('INVALID_ARGUMENT', `the running statistic "${initializer}" is not an initializer`, {
          node: describeNode(node),
        });
      }
      this.statistics.set(initializer, { output: '', value, momentum });
    }
    if (active) this.steps.push({ node, rule, inputs, emitted });
  }

  /** Which inputs lead to a parameter. */
  private wantedInputs(node: Node, rule: GradientRule | undefined): boolean[] {
    return node.inputs.map((name, index) => this.active.has(name) && !rule?.stops?.includes(index));
  }

  /** Finds all nodes without a rule that a gradient would have to pass, before any gradient is emitted. */
  private refuseUnknown(): void {
    const reached = new Set([this.network.loss]);
    const missing: Node[] = [];
    for (const { node, rule } of this.steps.toReversed()) {
      if (!node.outputs.some((output) => reached.has(output))) continue;
      if (!rule) missing.push(node);
      this.wantedInputs(node, rule).forEach((wanted, index) => {
        if (wanted) reached.add(node.inputs[index]!);
      });
    }
    if (missing.length) throw cannotDifferentiate(missing.reverse().map(describeNode));
  }

  private backward(loss: string): void {
    const { emitter } = this;
    this.gradients.set(this.network.loss, [emitter.scalar(1, loss)]);
    const refused: string[] = [];
    for (const { node, rule, inputs, emitted } of this.steps.toReversed()) {
      const gradients = node.outputs.map((output) => this.gradientOf(output));
      if (!rule || gradients.every((gradient) => gradient === undefined)) continue;
      const wanted = this.wantedInputs(node, rule);
      const { outputs, saved = {} } = emitted;
      let found: readonly (string | undefined)[] = [];
      try {
        found = rule.backward({ emitter, node, inputs, outputs, saved, gradients, wanted });
      } catch (error) {
        if (!(error instanceof LutraError) || error.code !== 'UNSUPPORTED') throw error;
        refused.push(error.message);
      }
      found.forEach((gradient, index) => {
        if (gradient !== undefined && wanted[index]) this.arrive(node, index, inputs[index]!, gradient);
      });
    }
    if (refused.length) throw cannotDifferentiate(refused.reverse());
  }

  private arrive(node: Node, index: number, value: string, gradient: string): void {
    const [expected, actual] = [this.emitter.type(value), this.emitter.type(gradient)];
    if (!sameDims(expected.dims, actual.dims) || expected.type !== actual.type) {
      throw new LutraError('INTERNAL', `the rule returned a gradient of input ${index} that does not fit`, {
        node: describeNode(node),
        expected: formatType(expected),
        actual: formatType(actual),
      });
    }
    const name = node.inputs[index]!;
    this.gradients.set(name, [...(this.gradients.get(name) ?? []), gradient]);
  }

  /** The gradients that arrived at a value, added up. */
  private gradientOf(value: string): string | undefined {
    const parts = this.gradients.get(value);
    if (!parts) return undefined;
    const total = parts.reduce((sum, part) => this.emitter.node('Add', [sum, part]));
    this.gradients.set(value, [total]);
    return total;
  }

  private scalarValue(label: string, name: string): string {
    const value = this.values.get(name);
    const type = value === undefined ? undefined : this.emitter.type(value);
    if (value === undefined || !type || !isFloat(type) || type.dims.length > 0) {
      throw new LutraError('INVALID_ARGUMENT', `the value "${name}" of "${label}" is not a scalar`, {
        expected: 'float32[]',
        actual: type ? formatType(type) : 'no such value',
      });
    }
    return value;
  }
}

function cannotDifferentiate(nodes: readonly string[]): LutraError {
  return new LutraError('UNSUPPORTED', `the network cannot be differentiated: ${nodes.join('; ')}`, {
    hint: 'Put a StopGradient before these nodes, or add a gradient rule',
  });
}

function isFloat({ type }: TensorType): boolean {
  return type === 'float32' || type === 'float64';
}

/** Nodes that these values need. */
function neededNodes(graph: Graph, values: readonly string[]): Set<Node> {
  const needed = new Set(values);
  const nodes = new Set<Node>();
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    nodes.add(node);
    for (const input of node.inputs) needed.add(input);
  }
  return nodes;
}
