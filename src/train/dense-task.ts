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
import type { ParameterOptions } from './types.js';

export interface DenseTaskOptions {
  readonly seed: number;
  /** Label smoothing, 0..1. */
  readonly smoothing: number;
  /** How single parameters learn, as a network of the zoo says. */
  readonly parameters?: ReadonlyMap<string, ParameterOptions | null>;
  /** Threads to measure with. */
  readonly threads: number;
}

/** Examples that normalization is measured on before a network is exported, and per batch of that. */
const STATISTICS_EXAMPLES = 2048;
const STATISTICS_BATCH = 256;

/** Training of a dense classifier by labels. */
export function denseTask(graph: Graph, set: TrainingSet, split: Split, options: DenseTaskOptions): TrainingTask {
  const { seed, smoothing, parameters, threads } = options;
  const classes = set.classes.length;
  const network = denseNetwork(graph, { classes, smoothing, ...(parameters ? { parameters } : {}) });
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
    batch: (step, size) => {
      const batch = trainingBatch(set, passes, step, size, seed);
      return { [input]: batch.input, [TARGET_INPUT]: batch.target };
    },
    ...(split.validation.length > 0
      ? {
          measure: async (values: ReadonlyMap<string, TensorValue>) => {
            const settled = await settleStatistics(withValues(graph, values), set, split.train, threads);
            return measureAccuracy(exportDense(settled, new Map()), set, split.validation, threads);
          },
        }
      : {}),
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
