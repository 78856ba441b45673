import { LutraError } from '../errors.js';
import { isOperator } from '../graph/attributes.js';
import { producersOf, UniqueNames, valueNames } from '../graph/topology.js';
import type { Graph, Node } from '../graph/types.js';
import { type ParameterOptions, TRAINING_DOMAIN, type TrainingNetwork } from './types.js';

/** Name of the input that takes the wanted class probabilities [batch, classes]. */
export const TARGET_INPUT = 'target';
/** Symbolic first dimension of a training network's inputs. */
export const BATCH = 'batch';

interface DenseNetworkOptions {
  readonly classes: number;
  /** Share of a target's probability that is spread over all classes. Default 0. */
  readonly smoothing?: number;
  /** How single parameters learn, by initializer name; null: it stays as it is. The default follows from the operator that reads it. */
  readonly parameters?: ReadonlyMap<string, ParameterOptions | null> | undefined;
}

/** Which inputs of an operator are weights (decayed) and which are offsets and scales (not decayed). */
function learnedInputs(node: Node): { readonly weights: readonly number[]; readonly offsets: readonly number[] } {
  if (isOperator(node, 'Conv', 'Gemm')) return { weights: [1], offsets: [2] };
  if (isOperator(node, 'MatMul')) return { weights: [0, 1], offsets: [] };
  if (isOperator(node, 'Gather')) return { weights: [0], offsets: [] };
  if (isOperator(node, 'BatchNormalization', 'LayerNormalization')) return { weights: [], offsets: [1, 2] };
  return { weights: [], offsets: isOperator(node, 'Add', 'Mul') ? [0, 1] : [] };
}

function findParameters(graph: Graph): Map<string, ParameterOptions> {
  const found = new Map<string, ParameterOptions>();
  for (const node of graph.nodes) {
    const { weights, offsets } = learnedInputs(node);
    const learns = (i: number) => {
      const value = graph.initializers.get(node.inputs[i] ?? '');
      return value?.type === 'float32' && value.data.length > 1;
    };
    for (const i of weights) if (learns(i)) found.set(node.inputs[i]!, {});
    for (const i of offsets) if (learns(i)) found.set(node.inputs[i]!, { decay: 0 });
  }
  return found;
}

/** Scores before a final Softmax, which the loss contains. */
function logitsOf(graph: Graph): string {
  const output = graph.outputs[0]!.name;
  const producer = producersOf(graph.nodes).get(output);
  return producer && isOperator(producer, 'Softmax') ? producer.inputs[0]! : output;
}

/** The network with its logits as the only output. */
export function logitsGraph(graph: Graph): Graph {
  return { ...graph, outputs: [{ ...graph.outputs[0]!, name: logitsOf(graph) }] };
}

/** The node as it is while it learns: batch normalization takes the statistics of the batch. */
function liveNode(node: Node): Node {
  if (!isOperator(node, 'BatchNormalization')) return node;
  return { ...node, outputs: node.outputs.slice(0, 1), attributes: { ...node.attributes, training_mode: 1 } };
}

/**
 * The network that learns to classify: the dense graph with live batch normalization, an input {@link TARGET_INPUT}, cross-entropy as the
 * loss and the metric `accuracy`.
 * @throws LutraError `INVALID_ARGUMENT` when the graph is no classifier of one input, or has nothing to learn.
 */
export function denseNetwork(graph: Graph, options: DenseNetworkOptions): TrainingNetwork {
  const [input, ...others] = graph.inputs;
  if (!input || others.length > 0 || !input.dims || input.type !== 'float32') {
    throw new LutraError('INVALID_ARGUMENT', 'only a network with one float32 input of known shape can be trained', {
      expected: 'one input',
      actual: graph.inputs.map(({ name, type }) => `${name} ${type}`).join(', ') || 'none',
    });
  }
  const rest = input.dims.slice(1);
  if (rest.some((dim) => typeof dim !== 'number')) {
    throw new LutraError('INVALID_ARGUMENT', `input "${input.name}" must have a known shape but for the batch`, {
      expected: 'numbers',
      actual: `[${input.dims}]`,
    });
  }
  const parameters = findParameters(graph);
  for (const [name, how] of options.parameters ?? []) {
    if (how === null) parameters.delete(name);
    else parameters.set(name, how);
  }
  if (parameters.size === 0) throw new LutraError('INVALID_ARGUMENT', 'the network has no weights to learn');
  const names = new UniqueNames(valueNames(graph));
  if (names.has(TARGET_INPUT)) {
    const problem = `a value of the network is named "${TARGET_INPUT}", as the input that training adds`;
    throw new LutraError('INVALID_ARGUMENT', problem);
  }
  const loss = names.make('loss');
  const accuracy = names.make('accuracy');
  const scores = logitsOf(graph);
  const pseudo = (op: string, output: string, attributes: Node['attributes'] = {}): Node => ({
    name: output,
    op,
    domain: TRAINING_DOMAIN,
    inputs: [scores, TARGET_INPUT],
    outputs: [output],
    attributes,
  });
  return {
    graph: {
      ...graph,
      opset: { ...graph.opset, [TRAINING_DOMAIN]: 1 },
      inputs: [
        { ...input, dims: [BATCH, ...rest] },
        { name: TARGET_INPUT, type: 'float32', dims: [BATCH, options.classes] },
      ],
      outputs: [loss, accuracy].map((name) => ({ name, type: 'float32', dims: [] })),
      nodes: [
        ...graph.nodes.map(liveNode),
        pseudo('SoftmaxCrossEntropy', loss, { smoothing: options.smoothing ?? 0 }),
        pseudo('Accuracy', accuracy),
      ],
    },
    loss,
    metrics: { accuracy },
    parameters,
  };
}
