import type { Schema } from '../option-schema.js';

/** How long to train. */
export const BUDGET_OPTIONS = {
  epochs: {
    kind: 'number',
    above: 0,
    otherwise: 'what the recipe says',
    flag: '--epochs <n>',
    help: 'passes over the data',
  },
  steps: { kind: 'integer', min: 1, flag: '--steps <n>', help: 'updates, instead of passes' },
  minutes: {
    kind: 'number',
    above: 0,
    flag: '--minutes <n>',
    help: 'time to train; the learning rate follows the clock',
  },
} as const satisfies Schema;

/** What people change of a recipe. */
export const RECIPE_OPTIONS = {
  rate: { kind: 'number', min: 0, flag: '--rate <x>', help: 'highest learning rate' },
  schedule: {
    kind: 'choice',
    choices: ['one-cycle', 'cosine', 'constant'],
    flag: '--schedule <kind>',
    help: 'shape of the learning rate',
  },
  optimizer: {
    kind: 'choice',
    choices: ['sgd', 'adam'],
    flag: '--optimizer <kind>',
    help: 'sgd has a Nesterov momentum of 0.9',
  },
  decay: { kind: 'number', min: 0, flag: '--decay <x>', help: 'weight decay' },
  batch: { kind: 'integer', min: 1, flag: '--batch <n>', help: 'examples per update' },
  microBatch: {
    kind: 'integer',
    min: 1,
    flag: '--micro-batch <n>',
    help: 'examples computed at once; divides the batch',
  },
  smoothing: { kind: 'number', min: 0, max: 1, flag: '--smoothing <x>', help: 'label smoothing, 0..1' },
  mixup: { kind: 'number', min: 0, max: 1, flag: '--mixup <alpha>', help: 'mix pairs of examples; 0 mixes none' },
  average: {
    kind: 'number',
    min: 0,
    flag: '--average <n>',
    help: 'passes over which weights are averaged at the end; 0 keeps the last',
  },
} as const satisfies Schema;

/** What a network learns from, and how examples vary. */
export const DATA_OPTIONS = {
  data: {
    kind: 'names',
    flag: '--data <paths>',
    help: 'training data, as for lutra eval; several sets of the same classes with commas',
  },
  holdout: {
    kind: 'number',
    min: 0,
    max: 0.9,
    otherwise: '0.02, speech 0.1',
    flag: '--holdout <share>',
    help: 'share kept out of training to measure on: of every class, or whole speakers',
  },
  speakers: {
    kind: 'names',
    flag: '--holdout-speaker <names>',
    help: 'keep all that these speakers say out of training instead',
  },
  mirror: {
    kind: 'choice',
    choices: ['yes', 'no'],
    default: 'yes',
    flag: '--mirror <yes|no>',
    help: 'mirror pictures left to right; wrong for digits and text',
  },
  shift: {
    kind: 'number',
    min: 0,
    otherwise: '2 pixels or 100 milliseconds',
    flag: '--shift <n>',
    help: 'pixels or milliseconds that examples move at most',
  },
  rotate: {
    kind: 'number',
    min: 0,
    max: 180,
    default: 0,
    flag: '--rotate <degrees>',
    help: 'angle by which pictures turn at most',
  },
  zoom: {
    kind: 'number',
    min: 0,
    max: 0.9,
    default: 0,
    flag: '--zoom <share>',
    help: 'share by which pictures are enlarged or reduced at most',
  },
  cutout: {
    kind: 'integer',
    min: 0,
    default: 0,
    flag: '--cutout <n>',
    help: 'side of a square of every picture that is blanked',
  },
  noise: {
    kind: 'number',
    min: 0,
    max: 1,
    default: 0.7,
    flag: '--noise <share>',
    help: 'share of the recordings that get noise',
  },
  speed: {
    kind: 'number',
    min: 0,
    max: 0.5,
    default: 0.15,
    flag: '--speed <share>',
    help: 'how much faster or slower recordings may get',
  },
} as const satisfies Schema;
