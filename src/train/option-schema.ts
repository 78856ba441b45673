import { choice, integer, names, number, type Schema } from '../option-schema.js';

/** How long to train. */
export const BUDGET_OPTIONS = {
  epochs: number('--epochs <n>', 'passes over the data', { above: 0, otherwise: 'what the recipe says' }),
  steps: integer('--steps <n>', 'updates, instead of passes', { min: 1 }),
  minutes: number('--minutes <n>', 'time to train; the learning rate follows the clock', { above: 0 }),
} satisfies Schema;

/** What people change of a recipe. */
export const RECIPE_OPTIONS = {
  rate: number('--rate <x>', 'highest learning rate', { min: 0 }),
  schedule: choice('--schedule <kind>', ['one-cycle', 'cosine', 'constant'], 'shape of the learning rate'),
  optimizer: choice('--optimizer <kind>', ['sgd', 'adam'], 'sgd has a Nesterov momentum of 0.9'),
  decay: number('--decay <x>', 'weight decay', { min: 0 }),
  batch: integer('--batch <n>', 'examples per update', { min: 1 }),
  microBatch: integer('--micro-batch <n>', 'examples computed at once; divides the batch', { min: 1 }),
  smoothing: number('--smoothing <x>', 'label smoothing, 0..1', { min: 0, max: 1 }),
  average: number('--average <n>', 'passes over which weights are averaged at the end; 0 keeps the last', { min: 0 }),
} satisfies Schema;

/** What a network learns from, and how examples vary. */
export const DATA_OPTIONS = {
  data: names('--data <paths>', 'training data, as for lutra eval; several sets of the same classes with commas'),
  holdout: number('--holdout <share>', 'share of the data for the validation set: of every class, or whole speakers', {
    min: 0,
    max: 0.9,
    otherwise: '0.02, speech 0.1',
  }),
  speakers: names('--holdout-speaker <names>', 'the validation set is all that these speakers say'),
  mirror: choice('--mirror <yes|no>', ['yes', 'no'], 'mirror images left to right; wrong for digits and text', {
    default: 'yes',
  }),
  shift: number('--shift <n>', 'pixels or milliseconds that examples move at most', {
    min: 0,
    otherwise: '2 pixels or 100 milliseconds',
  }),
  rotate: number('--rotate <degrees>', 'angle by which images turn at most', { min: 0, max: 180, default: 0 }),
  zoom: number('--zoom <share>', 'share by which images are enlarged or reduced at most', {
    min: 0,
    max: 0.9,
    default: 0,
  }),
  cutout: integer('--cutout <n>', 'side of a square of every image that is blanked', { min: 0, default: 0 }),
  noise: number('--noise <share>', 'share of the recordings that get noise', { min: 0, max: 1, default: 0.7 }),
  speed: number('--speed <share>', 'how much faster or slower recordings may get', { min: 0, max: 0.5, default: 0.15 }),
} satisfies Schema;
