import { isOperator } from '../graph/attributes.js';
import { tensorValue } from '../graph/tensor.js';
import { UniqueNames, valueNames } from '../graph/topology.js';
import type { Graph, Node, TensorValue, ValueInfo } from '../graph/types.js';

/** Mean and mean square of what one BatchNormalization sees, by the names of its running statistics. */
interface Statistics {
  /** Initializers to replace. */
  readonly mean: string;
  readonly variance: string;
  /** Outputs of the measuring graph: E[x] and E[x²], [channels]. */
  readonly first: string;
  readonly second: string;
}

interface StatisticsGraph {
  readonly graph: Graph;
  readonly layers: readonly Statistics[];
}

/**
 * A graph that measures what batch normalization sees with the present weights: every BatchNormalization normalizes by the statistics of the
 * whole batch, and E[x] and E[x²] per channel are outputs. Inputs are those of `graph`. Undefined when nothing is normalized.
 */
export function statisticsGraph(graph: Graph): StatisticsGraph | undefined {
  const names = new UniqueNames(valueNames(graph));
  const layers: Statistics[] = [];
  const outputs: ValueInfo[] = [];
  const initializers = new Map(graph.initializers);
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    if (!isOperator(node, 'BatchNormalization')) {
      nodes.push(node);
      continue;
    }
    const [x, scale, bias, mean, variance] = node.inputs as [string, string, string, string, string];
    const channels = graph.initializers.get(mean)!.data.length;
    const add = (op: string, inputs: string[], attributes: Node['attributes'] = {}) => {
      const output = names.make(`${node.name}/${op}`);
      nodes.push({ name: output, op, domain: '', inputs, outputs: [output], attributes });
      return output;
    };
    const shape = names.make(`${node.name}/shape`);
    initializers.set(shape, { type: 'int64', dims: [3], data: BigInt64Array.of(0n, BigInt(channels), -1n) });
    // Any rank becomes [N, channels, positions].
    const flat = add('Reshape', [x, shape]);
    const average = { axes: [0, 2], keepdims: 0 };
    const first = add('ReduceMean', [flat], average);
    const second = add('ReduceMean', [add('Mul', [flat, flat])], average);
    const spread = add('Sub', [second, add('Mul', [first, first])]);
    const { training_mode: _, ...attributes } = node.attributes;
    const inputs = [x, scale, bias, first, spread];
    nodes.push({ ...node, inputs, outputs: node.outputs.slice(0, 1), attributes });
    for (const name of [first, second]) outputs.push({ name, type: 'float32', dims: [channels] });
    layers.push({ mean, variance, first, second });
  }
  if (layers.length === 0) return undefined;
  // ReduceMean takes its axes as an attribute up to opset 17.
  return { graph: { ...graph, opset: { ...graph.opset, '': 17 }, nodes, outputs, initializers }, layers };
}

/** Averages the outputs of a {@link StatisticsGraph} over batches of one size into new running statistics. */
export class StatisticsMean {
  private readonly sums = new Map<string, Float64Array>();
  private batches = 0;

  constructor(private readonly layers: readonly Statistics[]) {}

  add(outputs: Readonly<Record<string, TensorValue>>): void {
    for (const name of this.layers.flatMap(({ first, second }) => [first, second])) {
      const values = outputs[name]!.data as Float32Array;
      const sum = this.sums.get(name) ?? new Float64Array(values.length);
      for (let i = 0; i < sum.length; i++) sum[i]! += values[i]!;
      this.sums.set(name, sum);
    }
    this.batches++;
  }

  /** Running statistics by initializer name, float32 [channels]. */
  values(): Map<string, TensorValue> {
    const result = new Map<string, TensorValue>();
    for (const { mean, variance, first, second } of this.layers) {
      const average = this.sums.get(first)!.map((value) => value / this.batches);
      const squares = this.sums.get(second)!.map((value) => value / this.batches);
      const spread = squares.map((value, c) => Math.max(0, value - average[c]! ** 2));
      const vector = (data: Float64Array) => tensorValue('float32', [data.length], Float32Array.from(data));
      result.set(mean, vector(average));
      result.set(variance, vector(spread));
    }
    return result;
  }
}
