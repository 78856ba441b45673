import type { Given, Rule, SchemaOf } from '../../../option-schema.js';
import type { LookupTrainingOptions } from './options.js';

/** What learns in a lookup network, and how. The compiler checks it against {@link LookupTrainingOptions}. */
export const LOOKUP_TRAINING_OPTIONS = {
  tables: {
    kind: 'choice',
    choices: ['product', 'free'],
    default: 'product',
    flag: '--tables <kind>',
    help: 'product: weights times centroids, both learn; free: every entry learns',
  },
  extraRank: {
    kind: 'integer',
    min: 0,
    // As many as the smallest K.
    max: 8,
    default: 0,
    flag: '--extra-rank <n>',
    help: 'factors of product tables beyond those of the centroids, 0..8',
  },
  encoder: {
    kind: 'choice',
    choices: ['frozen', 'learned'],
    default: 'frozen',
    flag: '--encoder <kind>',
    help: 'frozen: codes stay; learned: by soft-PQ',
  },
  inputGradient: {
    kind: 'choice',
    choices: ['straight-through', 'soft', 'both'],
    otherwise: 'both where encoders learn, else straight-through',
    flag: '--gradient <kind>',
    help: 'how the gradient passes encoders',
  },
  temperature: {
    kind: 'choice',
    choices: ['learned', 'fixed', 'annealed'],
    default: 'learned',
    flag: '--temperature <kind>',
    help: 'temperature of the soft assignment',
  },
  temperaturePer: {
    kind: 'choice',
    choices: ['layer', 'codebook'],
    default: 'layer',
    help: 'what has a temperature of its own',
  },
  temperatureScale: { kind: 'number', above: 0, default: 1, help: 'multiplies the first temperature' },
  temperatureRate: {
    kind: 'number',
    above: 0,
    default: 10,
    help: 'factor of the learning rate of the logarithms of temperatures',
  },
  bits: { kind: 'choice', choices: [8, 7, 6], default: 8, flag: '--bits <n>', help: 'bits of a table entry' },
  quantized: { kind: 'flag', help: 'the forward pass rounds tables as they are deployed' },
  reconstruction: {
    kind: 'number',
    min: 0,
    default: 0,
    flag: '--reconstruction <x>',
    help: 'weight of the error of single layers in the loss',
  },
  normalization: {
    kind: 'choice',
    choices: ['live', 'folded'],
    default: 'live',
    flag: '--normalization <kind>',
    help: 'live: by the statistics of the micro-batch, while lookups learn',
  },
  dense: { kind: 'flag', default: true, help: 'layers that stayed dense learn' },
} as const satisfies SchemaOf<Omit<LookupTrainingOptions, 'loss'>>;

export const LOOKUP_TRAINING_RULES: readonly Rule<Given<typeof LOOKUP_TRAINING_OPTIONS>>[] = [
  {
    holds: ({ encoder, inputGradient }) => encoder !== 'learned' || inputGradient !== 'straight-through',
    problem: '{encoder} learned needs {inputGradient} soft or both',
  },
];
