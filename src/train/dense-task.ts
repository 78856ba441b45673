import { seededRandom } from '../convert/random.js';
import { calibrationOrder } from '../data/sampling.js';
import type { Graph, TensorValue } from '../graph/types.js';
import { fingerprint } from './checkpoint.js';
import { trainingBatch } from './data/batch.js';
import { ShuffledPasses } from './data/order.js';
import type { Split } from './data/split.js';
import type { TrainingSet } from './data/training-set.js';
import { denseNetwork, TARGET_INPUT } from './dense-network.js';
import { exportDense, withValues } from './export-dense.js';
import { forward, measureAccuracy } from './forward.js';
import { StatisticsMean, statisticsGraph } from './normalization.js';
import type { TrainingTask } from './trainer.js';
import type { ParameterOptions, TrainingNetwork } from './types.js';

/** A network with its weights and how they learn. */
export interface Trainable {
  readonly graph: Graph;
  readonly parameters?: ReadonlyMap<string, ParameterOptions | null>;
}

/** Examples that normalization is measured on before a network is exported, and per batch of that. */
const STATISTICS_EXAMPLES = 2048;
const STATISTICS_BATCH = 256;

/** What the trainings of dense and of lookup networks share. @param graph tells the network from others */
export function labelledTask(network: TrainingNetwork, graph: Graph, set: TrainingSet, split: Split, seed: number) {
  const passes = new ShuffledPasses(split.train, seed);
  const input = graph.inputs[0]!.name;
  return {
    network,
    identity: fingerprint(
      graph.nodes.map(({ name, op }) => [name, op]),
      [...graph.initializers].map(([name, { dims }]) => [name, dims]),
      [set.description, set.classes, split.train.length, seed],
    ),
    examples: split.train.length,
    batch: (step: number, size: number) => {
      const batch = trainingBatch(set, passes, step, size, seed);
      return { [input]: batch.input, [TARGET_INPUT]: batch.target };
    },
  };
}

/**
 * Training of a dense classifier by labels.
 * @param smoothing of labels, 0..1
 * @param threads to measure with
 */
export function denseTask(
  { graph, parameters }: Trainable,
  set: TrainingSet,
  split: Split,
  seed: number,
  smoothing: number,
  threads: number,
): TrainingTask {
  const network = denseNetwork(graph, { classes: set.classes.length, smoothing, parameters });
  const measure = async (values: ReadonlyMap<string, TensorValue>) => {
    const settled = await settleStatistics(withValues(graph, values), set, split.train, threads);
    return measureAccuracy(exportDense(settled, new Map()), set, split.validation, threads);
  };
  return {
    ...labelledTask(network, graph, set, split, seed),
    measure: split.validation.length > 0 ? measure : undefined,
  };
}

/**
 * The graph with running statistics of batch normalization measured anew with its present weights, on training examples in batches of
 * 256. Averaged weights need this: the statistics of the training belong to the weights of the moment.
 */
export async function settleStatistics(
  graph: Graph,
  set: TrainingSet,
  train: Int32Array,
  threads: number,
): Promise<Graph> {
  const measuring = statisticsGraph(graph);
  if (!measuring) return graph;
  const count = Math.min(STATISTICS_EXAMPLES, train.length);
  // Drawn evenly from all classes, so that every batch looks like the whole. Shorter batches would count as much as whole ones.
  const whole = count < STATISTICS_BATCH ? count : count - (count % STATISTICS_BATCH);
  const labels = Int32Array.from(train, (index) => set.labels[index]!);
  const order = calibrationOrder(train.length, labels, whole, seededRandom(1));
  const chosen = Int32Array.from(order, (i) => train[i]!);
  const mean = new StatisticsMean(measuring.layers);
  await forward(measuring.graph, set, chosen, threads, (outputs) => mean.add(outputs), STATISTICS_BATCH);
  return withValues(graph, mean.values());
}
