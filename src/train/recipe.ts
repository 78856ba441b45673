import type { ScheduleOptions } from './schedule.js';
import type { Budget } from './trainer.js';
import type { OptimizerOptions } from './types.js';

/** How a network learns. All of it can be overridden; docs/training.md says what was measured. */
export interface Recipe {
  readonly optimizer: OptimizerOptions;
  readonly schedule: ScheduleOptions;
  readonly batchSize: number;
  /** Examples that go through the network at once and share statistics of batch normalization. */
  readonly microBatch: number;
  /** Passes over the data, where nothing else says how long. */
  readonly epochs: number;
  /** Passes over which weights are averaged at the end. */
  readonly averageEpochs: number;
  /** Label smoothing, 0..1. */
  readonly smoothing: number;
}

/** What the trainer needs to follow a recipe. @param budget default: the passes that the recipe says */
export function recipeOptions(recipe: Recipe, threads: number, budget: Budget = { epochs: recipe.epochs }) {
  const { optimizer, microBatch, batchSize, schedule, averageEpochs } = recipe;
  return { engine: { optimizer, microBatch, threads }, batchSize, budget, schedule, averageEpochs };
}
