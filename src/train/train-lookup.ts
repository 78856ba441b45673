import { simplify } from '../graph/passes/simplify.js';
import type { Graph } from '../graph/types.js';
import type { LookupTrainingOptions } from '../lut/coded/train/options.js';
import { trainable } from '../lut/train.js';
import { COMPLETE_OPERATORS } from '../ops/complete.js';
import { evenly, type Split } from './data/split.js';
import type { TrainingSet } from './data/training-set.js';
import { logitsGraph } from './dense-network.js';
import { createGraphRunner } from './engine/runtime.js';
import { layerErrors } from './layer-errors.js';
import { lookupStatistics } from './lookup-statistics.js';
import { lookupTask } from './lookup-task.js';
import { type Recipe, recipeOptions } from './recipe.js';
import type { LayerError } from './report/page.js';
import type { TrainDenseOptions, TrainedModel } from './train-dense.js';
import { train } from './trainer.js';
import { createValidator, type ValidationResult } from './validate.js';

/** Adam with a cosine schedule, for short trainings from a good conversion (docs/training.md). */
export const LOOKUP_RECIPE: Recipe = {
  optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.99 },
  schedule: { kind: 'cosine', peak: 3e-4 },
  batchSize: 64,
  microBatch: 8,
  epochs: 2,
  averageEpochs: 0,
  smoothing: 0,
};

/** Examples that errors of layers are measured on. */
const ERROR_EXAMPLES = 64;
/** Examples whose statistics live normalization starts from. */
const STATISTICS_EXAMPLES = 512;

/** The recipe is {@link LOOKUP_RECIPE}. */
export interface TrainLookupOptions extends TrainDenseOptions {
  /** What learns, and from what. */
  readonly lookup?: LookupTrainingOptions;
  /**
   * `best`: of the states that were measured on the validation set, and the network that the training started from, the one with the lowest
   * loss. `last`: the state after the last update, for comparisons of recipes. Default `best`; without validation examples always `last`.
   */
  readonly keep?: 'best' | 'last';
  /** Called once, before the first update, with the result of the lookup network on the validation set. */
  readonly onStart?: (validation: ValidationResult) => void;
}

export interface TrainedLookup extends TrainedModel {
  /** On validation examples: the lookup network that the training started from, and what it returned. Undefined without a validation set. */
  readonly start?: ValidationResult;
  readonly validation?: ValidationResult;
  /** No state of the training was better on the validation set: the graph is the network that it started from. */
  readonly unchanged: boolean;
  readonly layerErrors: readonly LayerError[];
}

/**
 * Trains a converted network: by default its tables and dense layers, to compute the logits of the dense network (no labels needed).
 *
 * @param lookup made by `convert` from `dense`
 * @returns the lookup network with what it learned, or as it was where that is no better on the validation set; its metadata as before
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
  const { seed = 1, threads = 1, budget, recipe: changes, lookup: what = {}, onStart, ...control } = options;
  const how = { ...LOOKUP_RECIPE, ...changes };
  const reference = simplify(dense, COMPLETE_OPERATORS);
  const statistics = await lookupStatistics(lookup, set, evenly(split.train, STATISTICS_EXAMPLES), threads);
  const learner = trainable(lookup, reference, set.classes.length, what, statistics);
  const loss = what.loss ?? { kind: 'distillation' };
  const graph = logitsGraph(reference);
  const runner = loss.kind === 'distillation' ? await createGraphRunner(graph) : undefined;
  const probe = evenly(split.train, ERROR_EXAMPLES);
  try {
    const before = await layerErrors(lookup, dense, set, probe, threads);
    const validate =
      split.validation.length > 0 ? await createValidator(reference, set, split, loss, threads) : undefined;
    const start = await validate?.(lookup);
    if (start) onStart?.(start);
    const teacher = runner && { runner, input: graph.inputs[0]!.name, output: graph.outputs[0]!.name };
    const task = lookupTask(learner, teacher, set, split, validate && start && { validate, start }, seed);
    const result = await train(task, { ...control, ...recipeOptions(how, threads, budget) });
    const unchanged = result.kept === 0;
    const trained = unchanged ? lookup : learner.deploy(result.values);
    const after = await layerErrors(trained, dense, set, probe, threads);
    return {
      graph: trained,
      result,
      unchanged,
      ...(start ? { start } : {}),
      layerErrors: [...before].map(([layer, error]) => ({ layer, before: error, after: after.get(layer)! })),
      ...(validate && start ? { validation: unchanged ? start : await validate(trained) } : {}),
    };
  } finally {
    await runner?.release();
  }
}
