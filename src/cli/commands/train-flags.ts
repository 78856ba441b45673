import { CALIBRATION_OPTIONS, CONVERT_OPTIONS, convertOptions } from '../../convert/option-schema.js';
import type { ConvertOptions } from '../../convert/types.js';
import { LOOKUP_TRAINING_OPTIONS } from '../../lut/coded/train/option-schema.js';
import type { LookupTrainingOptions } from '../../lut/coded/train/options.js';
import { choice, type Given, integer, pick, type Schema, text, toggle, type Values } from '../../option-schema.js';
import { BUDGET_OPTIONS, DATA_OPTIONS, RECIPE_OPTIONS } from '../../train/option-schema.js';
import type { Recipe } from '../../train/recipe.js';
import type { Budget } from '../../train/trainer.js';
import { UsageError } from '../command.js';
import { PREPROCESS_OPTIONS } from '../preprocess-flags.js';

const { optimize, maxBytes, geometry, group, centroids } = CONVERT_OPTIONS;
const { samples } = CALIBRATION_OPTIONS;
const converted = text('--converted <file>', 'also write the network as it was before training');
/** Options of the conversion that are worth having before a training. */
const CONVERSION_OPTIONS = { optimize, maxBytes, geometry, group, centroids, samples, converted } satisfies Schema;

const LOOKUP_OPTIONS = {
  teacher: text('--teacher <dense.onnx>', 'the network that a given lookup model was converted from'),
  loss: choice(
    '--loss <kind>',
    ['distil', 'labels'],
    'what lookups learn from; distil: the logits of the dense network',
    { default: 'distil' },
  ),
  keep: choice(
    '--keep <state>',
    ['best', 'last'],
    'best: on the validation set, the network before training included',
    { default: 'best' },
  ),
} satisfies Schema;

export const TRAIN_OPTIONS = {
  out: text('-o, --out <file>', 'file to write the trained model to'),
  network: text(
    '--dense <network>',
    'train a dense network: image32, image28 or keywords from scratch, or a dense .onnx further',
  ),
  from: text('--from <checkpoint>', 'with --dense: start from the weights of another training of this network'),
  ...DATA_OPTIONS,
  ...BUDGET_OPTIONS,
  ...RECIPE_OPTIONS,
  ...LOOKUP_OPTIONS,
  ...LOOKUP_TRAINING_OPTIONS,
  ...CONVERSION_OPTIONS,
  seed: { ...CONVERT_OPTIONS.seed, help: 'the same seed and number of updates give the same model' },
  threads: integer('--threads <n>', 'threads; the result does not depend on it', { min: 1, max: 64, default: 2 }),
  checkpoint: text('--checkpoint <file>', 'where the state is kept', { otherwise: 'the output and .checkpoint' }),
  resume: toggle('--resume', 'go on from the checkpoint'),
  report: text('--report <file.html>', 'write a page with the curves of the training'),
  ...PREPROCESS_OPTIONS,
} satisfies Schema;

export const TRAIN_SECTIONS: Readonly<Record<string, Schema>> = {
  'Data and how examples vary': DATA_OPTIONS,
  Recipe: { ...BUDGET_OPTIONS, ...RECIPE_OPTIONS },
  'Lookup networks': { ...LOOKUP_OPTIONS, ...LOOKUP_TRAINING_OPTIONS },
  'Conversion of a dense model': CONVERSION_OPTIONS,
  'Input of the network': PREPROCESS_OPTIONS,
};

export type TrainValues = Values<typeof TRAIN_OPTIONS>;

/** `{}` where no flag says how long to train. */
export function budgetOf(values: TrainValues): { readonly budget?: Budget } {
  const budget = pick(BUDGET_OPTIONS, values);
  const count = Object.keys(budget).length;
  if (count > 1) throw new UsageError('--steps, --epochs and --minutes exclude each other');
  return count === 1 ? { budget: budget as Budget } : {};
}

/** The recipe with the changes that flags ask for. */
export function changedRecipe(values: Given<typeof RECIPE_OPTIONS>, recipe: Recipe): Recipe {
  const peak = values.rate ?? recipe.schedule.peak;
  const kind = values.schedule ?? recipe.schedule.kind;
  const decay = values.decay ?? recipe.optimizer.decay ?? 0;
  const chosen = values.optimizer ?? recipe.optimizer.kind;
  const same = chosen === recipe.optimizer.kind;
  const batchSize = values.batch ?? recipe.batchSize;
  const microBatch = values.microBatch ?? Math.min(recipe.microBatch, batchSize);
  if (batchSize % microBatch !== 0) {
    throw new UsageError(`--micro-batch ${microBatch} does not divide --batch ${batchSize}`);
  }
  return {
    ...recipe,
    optimizer: same ? { ...recipe.optimizer, decay } : { kind: chosen, decay },
    schedule: kind === recipe.schedule.kind ? { ...recipe.schedule, peak } : { kind, peak },
    batchSize,
    microBatch,
    smoothing: values.smoothing ?? recipe.smoothing,
    averageEpochs: values.average ?? recipe.averageEpochs,
  };
}

/** What learns in a lookup network, and from what. */
export function lookupTraining(values: TrainValues, smoothing: number): LookupTrainingOptions {
  return {
    ...pick(LOOKUP_TRAINING_OPTIONS, values),
    loss: values.loss === 'distil' ? { kind: 'distillation' } : { kind: 'labels', smoothing },
  };
}

/** How a dense model is converted before its lookups are trained. */
export function conversionBefore(values: TrainValues): ConvertOptions {
  return convertOptions({ ...pick(CONVERSION_OPTIONS, values), seed: values.seed });
}
