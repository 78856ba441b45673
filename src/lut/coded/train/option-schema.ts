import { choice, type Given, integer, number, type Rule, type SchemaOf, toggle } from '../../../option-schema.js';
import type { LookupTrainingOptions } from './options.js';

/** What learns in a lookup network, and how. The compiler checks it against {@link LookupTrainingOptions}. */
export const LOOKUP_TRAINING_OPTIONS = {
  tables: choice(
    '--tables <kind>',
    ['product', 'free'],
    'product: weights times centroids, both learn; free: every entry learns',
    { default: 'product' },
  ),
  extraRank: integer('--extra-rank <n>', 'factors of product tables beyond those of the centroids, 0..8', {
    min: 0,
    max: 8,
    default: 0,
  }),
  encoder: choice('--encoder <kind>', ['frozen', 'learned'], 'frozen: codes stay; learned: by soft-PQ', {
    default: 'frozen',
  }),
  inputGradient: choice('--gradient <kind>', ['straight-through', 'soft', 'both'], 'how the gradient passes encoders', {
    otherwise: 'both where encoders learn, else straight-through',
  }),
  temperature: choice('--temperature <kind>', ['learned', 'fixed', 'annealed'], 'temperature of the soft assignment', {
    default: 'learned',
  }),
  temperaturePer: choice(null, ['layer', 'codebook'], 'what has a temperature of its own', { default: 'layer' }),
  temperatureScale: number(null, 'multiplies the first temperature', { above: 0, default: 1 }),
  temperatureRate: number(null, 'factor of the learning rate of the logarithms of temperatures', {
    above: 0,
    default: 10,
  }),
  bits: choice('--bits <n>', [8, 7, 6], 'bits of a table entry', { default: 8 }),
  quantized: toggle(null, 'the forward pass rounds tables as they are deployed'),
  reconstruction: number('--reconstruction <x>', 'weight of the error of single layers in the loss', {
    min: 0,
    default: 0,
  }),
  normalization: choice(
    '--normalization <kind>',
    ['live', 'folded'],
    'live: by the statistics of the micro-batch, while lookups learn',
    { default: 'live' },
  ),
  dense: toggle(null, 'layers that stayed dense learn', { default: true }),
} satisfies SchemaOf<Omit<LookupTrainingOptions, 'loss'>>;

export const LOOKUP_TRAINING_RULES: readonly Rule<Given<typeof LOOKUP_TRAINING_OPTIONS>>[] = [
  {
    holds: ({ encoder, inputGradient }) => encoder !== 'learned' || inputGradient !== 'straight-through',
    problem: '{encoder} learned needs {inputGradient} soft or both',
  },
];
