import { LutraError } from '../errors.js';
import type { Graph } from '../graph/types.js';
import type { Checkpoint } from './checkpoint.js';
import { plainInputs } from './data/batch.js';
import { evenly, type Split } from './data/split.js';
import type { TrainingSet } from './data/training-set.js';
import { denseTask, settleStatistics, type Trainable } from './dense-task.js';
import { exportDense, withValues } from './export-dense.js';
import { type Measured, measureAccuracy } from './forward.js';
import { type Recipe, recipeOptions } from './recipe.js';
import { type Budget, type TrainerOptions, type TrainingResult, train } from './trainer.js';
import type { ZooNetwork } from './zoo/network.js';

/** Examples whose statistics a first layer starts from. */
const START_EXAMPLES = 500;

export type TrainControl = Pick<
  TrainerOptions,
  'measureEvery' | 'recordEvery' | 'checkpointEvery' | 'saveCheckpoint' | 'signal' | 'onRecord' | 'onProgress'
> & { readonly resume?: Checkpoint };

export interface TrainDenseOptions extends TrainControl {
  /** What differs from the recipe. */
  readonly recipe?: Partial<Recipe>;
  /** Default: as many passes as the recipe says. */
  readonly budget?: Budget;
  /** Default 1. */
  readonly seed?: number;
  /** Default 1. The result does not depend on it. */
  readonly threads?: number;
}

export interface TrainedModel {
  /** Ready to serialize, convert and run. */
  readonly graph: Graph;
  readonly result: TrainingResult;
  /** Accuracy on the validation set; undefined without one. */
  readonly validation?: Measured;
  /** Nothing was learned: on validation examples it is no better than always answering their commonest class. */
  readonly atChance?: boolean;
}

/**
 * Builds a network of the zoo for a data set, with weights to start from.
 * @throws LutraError `INVALID_DATA` when the network takes other inputs
 */
export function buildNetwork(network: ZooNetwork, set: TrainingSet, split: Split, seed: number): Trainable {
  if (network.inputDims.join() !== set.inputDims.join()) {
    throw new LutraError('INVALID_DATA', `${set.description} does not fit the network ${network.name}`, {
      expected: `[${network.inputDims}]`,
      actual: `[${set.inputDims}]`,
    });
  }
  const examples = plainInputs(set, evenly(split.train, START_EXAMPLES));
  return network.build({ classes: set.classes.length, seed, examples });
}

/**
 * The network with the weights that another training of it ended with (their average where one was kept), to train further by another
 * recipe. Running statistics come along.
 * @throws LutraError `INVALID_ARGUMENT` when the checkpoint is of another network
 */
export function warmStart(network: Trainable, { state, average }: Checkpoint): Trainable {
  const values = new Map([...state.values, ...average]);
  for (const [name, { dims }] of values) {
    const own = network.graph.initializers.get(name);
    if (own && `${own.dims}` === `${dims}`) continue;
    throw new LutraError('INVALID_ARGUMENT', 'the checkpoint to start from is of another network', {
      expected: own ? `"${name}" [${own.dims}]` : `no "${name}"`,
      actual: `"${name}" [${dims}]`,
    });
  }
  return { ...network, graph: withValues(network.graph, values) };
}

/**
 * Trains a dense classifier by labels.
 *
 * @returns the network ready to ship: averaged weights, normalization measured anew and folded, preprocessing and labels in its metadata
 * @throws LutraError as `train` does, and `UNSUPPORTED` naming every node that cannot be differentiated
 */
export async function trainDense(
  network: Trainable,
  recipe: Recipe,
  set: TrainingSet,
  split: Split,
  options: TrainDenseOptions = {},
): Promise<TrainedModel> {
  const { seed = 1, threads = 1, budget, recipe: changes, ...control } = options;
  const how = { ...recipe, ...changes };
  const task = denseTask(network, set, split, seed, how.smoothing, threads);
  const result = await train(task, { ...control, ...recipeOptions(how, threads, budget) });
  const settled = await settleStatistics(withValues(network.graph, result.values), set, split.train, threads);
  const graph = exportDense(settled, new Map(), { preprocess: set.preprocess, labels: set.classes });
  if (split.validation.length === 0) return { graph, result };
  const validation = await measureAccuracy(graph, set, split.validation, threads);
  return { graph, result, validation, atChance: validation.correct <= commonest(set, split.validation) };
}

/** Examples of the class that has most. */
function commonest(set: TrainingSet, indices: Int32Array): number {
  const members = new Array<number>(set.classes.length).fill(0);
  for (const index of indices) members[set.labels[index]!]!++;
  return Math.max(...members);
}
