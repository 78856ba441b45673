import { simplify } from '../graph/passes/simplify.js';
import type { Graph } from '../graph/types.js';
import { evenly, type Split } from './data/split.js';
import type { TrainingSet } from './data/training-set.js';
import { createGraphRunner } from './engine/runtime.js';
import { measureAccuracy } from './forward.js';
import { layerErrors } from './layer-errors.js';
import { trainable } from './lookup/network.js';
import type { LookupTrainingOptions } from './lookup/options.js';
import { lookupStatistics } from './lookup-statistics.js';
import { lookupTask, teacherGraph } from './lookup-task.js';
import type { Recipe } from './recipe.js';
import type { LayerError } from './report/page.js';
import type { TrainControl, TrainedModel } from './train-dense.js';
import { type Budget, train } from './trainer.js';

/** Adam with a cosine schedule, for short trainings from a good conversion (docs/training.md). */
export const LOOKUP_RECIPE: Recipe = {
  optimiser: { kind: 'adam', beta1: 0.9, beta2: 0.99 },
  schedule: { kind: 'cosine', peak: 3e-4 },
  batchSize: 64,
  microBatch: 8,
  epochs: 2,
  averageEpochs: 0,
  smoothing: 0,
  mixup: 0,
};

/** Examples that errors of layers are measured on. */
const ERROR_EXAMPLES = 64;
/** Examples whose statistics live normalisation starts from. */
const STATISTICS_EXAMPLES = 512;

export interface TrainLookupOptions extends TrainControl {
  /** What differs from {@link LOOKUP_RECIPE}. */
  readonly recipe?: Partial<Recipe>;
  readonly budget?: Budget;
  /** What learns, and from what. */
  readonly lookup?: LookupTrainingOptions;
  /** Default 1. */
  readonly seed?: number;
  /** Default 1. The result does not depend on it. */
  readonly threads?: number;
}

export interface TrainedLookup extends TrainedModel {
  readonly layerErrors: readonly LayerError[];
}

/**
 * Trains a converted network: by default its tables and dense layers, to give the logits of the dense network (no labels needed).
 *
 * @param lookup made by `convert` from `dense`
 * @returns the lookup network with what it learned, its metadata as before
 * @throws LutraError as `train` does; `UNSUPPORTED` for tree encoders and nodes that cannot be differentiated; `INVALID_ARGUMENT` when the two
 * networks do not belong together
 */
export async function trainLookup(
  lookup: Graph,
  dense: Graph,
  set: TrainingSet,
  split: Split,
  options: TrainLookupOptions = {},
): Promise<TrainedLookup> {
  const { seed = 1, threads = 1, budget, recipe: changes, lookup: what = {}, ...control } = options;
  const how = { ...LOOKUP_RECIPE, ...changes };
  const reference = simplify(dense);
  const statistics = await lookupStatistics(lookup, set, evenly(split.train, STATISTICS_EXAMPLES), threads);
  const learner = trainable(lookup, reference, set.classes.length, what, statistics);
  const distilled = (what.loss ?? { kind: 'distillation' }).kind === 'distillation';
  const graph = teacherGraph(reference);
  const runner = distilled ? await createGraphRunner(graph) : undefined;
  const probe = evenly(split.train, ERROR_EXAMPLES);
  try {
    const before = await layerErrors(lookup, dense, set, probe, threads);
    const teacher = runner && { runner, input: graph.inputs[0]!.name, output: graph.outputs[0]!.name };
    const task = lookupTask(learner, teacher, set, split, { seed, mixup: how.mixup, threads });
    const result = await train(task, {
      ...control,
      engine: {
        optimiser: how.optimiser,
        microBatch: how.microBatch,
        threads,
        ...(how.clipNorm === undefined ? {} : { clipNorm: how.clipNorm }),
      },
      batchSize: how.batchSize,
      budget: budget ?? { epochs: how.epochs },
      schedule: how.schedule,
      averageEpochs: how.averageEpochs,
    });
    const trained = learner.deploy(result.values);
    const after = await layerErrors(trained, dense, set, probe, threads);
    return {
      graph: trained,
      result,
      layerErrors: [...before].map(([layer, error]) => ({ layer, before: error, after: after.get(layer)! })),
      ...(split.heldOut.length > 0 ? { heldOut: await measureAccuracy(trained, set, split.heldOut, threads) } : {}),
    };
  } finally {
    await runner?.release();
  }
}
