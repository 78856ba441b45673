import type { ConvertOptions } from '../../convert/types.js';
import type { LookupTrainingOptions } from '../../lut/coded/train/options.js';
import type { Recipe } from '../../train/recipe.js';
import type { Budget } from '../../train/trainer.js';
import { type Arguments, type Flag, UsageError } from '../arguments.js';

export const BUDGET_FLAGS: readonly Flag[] = [
  { name: 'epochs', value: '<n>', help: 'passes over the data (default: what the recipe says)' },
  { name: 'steps', value: '<n>', help: 'updates, instead of passes' },
  { name: 'minutes', value: '<n>', help: 'time to train; the learning rate follows the clock' },
];

export const RECIPE_FLAGS: readonly Flag[] = [
  { name: 'rate', value: '<x>', help: 'highest learning rate' },
  { name: 'schedule', value: '<kind>', help: 'one-cycle, cosine or constant' },
  { name: 'optimizer', value: '<kind>', help: 'sgd (Nesterov momentum 0.9) or adam' },
  { name: 'decay', value: '<x>', help: 'weight decay' },
  { name: 'batch', value: '<n>', help: 'examples per update' },
  { name: 'micro-batch', value: '<n>', help: 'examples computed at once; divides the batch' },
  { name: 'smoothing', value: '<x>', help: 'label smoothing, 0..1' },
  { name: 'average', value: '<n>', help: 'passes over which weights are averaged at the end; 0 keeps the last' },
];

export const LOOKUP_FLAGS: readonly Flag[] = [
  { name: 'teacher', value: '<dense.onnx>', help: 'the network that a given lookup model was converted from' },
  { name: 'loss', value: '<kind>', help: 'distil (the logits of the dense network; default) or labels' },
  { name: 'encoder', value: '<kind>', help: 'frozen (codes stay; default) or learned (soft-PQ)' },
  { name: 'tables', value: '<kind>', help: 'product (weights times centroids; default) or free' },
  { name: 'bits', value: '<n>', help: 'bits of a table entry: 8 (default), 7 or 6' },
  {
    name: 'normalization',
    value: '<kind>',
    help: 'live (by the statistics of the micro-batch; default) or folded, while lookups learn',
  },
  {
    name: 'keep',
    value: '<state>',
    help: 'best on the validation set, the network before training included (default), or last',
  },
  { name: 'optimize', value: '<goal>', help: 'conversion of a dense model: speed, balanced (default) or accuracy' },
  { name: 'max-size', value: '<size>', help: 'conversion: largest file, such as 4MB, as for lutra convert' },
  { name: 'geometry', value: '<kind>', help: 'conversion: patch, row or pixel (default: chosen per layer)' },
  { name: 'group', value: '<g>', help: 'conversion: channels per codebook with --geometry' },
  { name: 'k', value: '<n>', help: 'conversion: centroids per codebook, 8, 16, 32 or 64' },
  { name: 'samples', value: '<n>', help: 'conversion: examples to fit to (default: 1000)' },
  { name: 'converted', value: '<file>', help: 'conversion: also write the network as it was before training' },
];

/** g where only --geometry is given, as in `lutra convert`. */
const DEFAULT_GROUP = { patch: 1, row: 1, pixel: 4 } as const;

export function budgetFlags(args: Arguments): Budget | undefined {
  const steps = args.integer('steps', 1);
  const epochs = args.number('epochs', { min: 0 });
  const minutes = args.number('minutes', { min: 0 });
  const given = [
    ...(steps === undefined ? [] : [{ steps }]),
    ...(epochs === undefined ? [] : [{ epochs }]),
    ...(minutes === undefined ? [] : [{ minutes }]),
  ];
  if (given.length > 1) throw new UsageError('--steps, --epochs and --minutes exclude each other');
  if (epochs === 0 || minutes === 0) throw new UsageError('--epochs and --minutes must be greater than 0');
  return given[0];
}

/** Changes to a recipe that flags ask for. */
export function recipeFlags(args: Arguments, recipe: Recipe): Recipe {
  const peak = args.number('rate', { min: 0 }) ?? recipe.schedule.peak;
  const kind = args.choice('schedule', ['one-cycle', 'cosine', 'constant']) ?? recipe.schedule.kind;
  const decay = args.number('decay', { min: 0 }) ?? recipe.optimizer.decay ?? 0;
  const chosen = args.choice('optimizer', ['sgd', 'adam']) ?? recipe.optimizer.kind;
  const same = chosen === recipe.optimizer.kind;
  const optimizer = same ? { ...recipe.optimizer, decay } : ({ kind: chosen, decay } as const);
  const batchSize = args.integer('batch', 1) ?? recipe.batchSize;
  const microBatch = args.integer('micro-batch', 1) ?? Math.min(recipe.microBatch, batchSize);
  if (batchSize % microBatch !== 0) {
    throw new UsageError(`--micro-batch ${microBatch} does not divide --batch ${batchSize}`);
  }
  return {
    ...recipe,
    optimizer,
    schedule: kind === recipe.schedule.kind ? { ...recipe.schedule, peak } : { kind, peak },
    batchSize,
    microBatch,
    smoothing: args.number('smoothing', { min: 0, max: 1 }) ?? recipe.smoothing,
    averageEpochs: args.number('average', { min: 0 }) ?? recipe.averageEpochs,
  };
}

export function lookupFlags(args: Arguments, smoothing: number): LookupTrainingOptions {
  const encoder = args.choice('encoder', ['frozen', 'learned']);
  const tables = args.choice('tables', ['product', 'free']);
  const bits = args.choice('bits', ['8', '7', '6']);
  const normalization = args.choice('normalization', ['live', 'folded']);
  const loss = args.choice('loss', ['distil', 'labels']) ?? 'distil';
  return {
    loss: loss === 'distil' ? { kind: 'distillation' } : { kind: 'labels', smoothing },
    ...(encoder ? { encoder } : {}),
    ...(tables ? { tables } : {}),
    ...(bits ? { bits: Number(bits) as 8 | 7 | 6 } : {}),
    ...(normalization ? { normalization } : {}),
  };
}

export function conversionFlags(args: Arguments, seed: number): ConvertOptions {
  const optimize = args.choice('optimize', ['speed', 'balanced', 'accuracy']);
  const kind = args.choice('geometry', ['patch', 'row', 'pixel']);
  const group = args.integer('group', 1, 64);
  const centroids = args.choice('k', ['8', '16', '32', '64']);
  const maxBytes = args.bytes('max-size');
  if (group && !kind) throw new UsageError('--group needs --geometry');
  return {
    seed,
    ...(optimize ? { optimize } : {}),
    ...(kind ? { geometry: { conv: { kind, channels: group ?? DEFAULT_GROUP[kind] } } } : {}),
    ...(centroids ? { centroids: Number(centroids) } : {}),
    ...(maxBytes !== undefined ? { maxBytes } : {}),
  };
}
