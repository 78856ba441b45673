import { choice, type SchemaOf, toggle } from '../../../option-schema.js';
import type { LookupTrainingOptions } from './options.js';

/** What learns in a lookup network, and how. The compiler checks it against {@link LookupTrainingOptions}. */
export const LOOKUP_TRAINING_OPTIONS = {
  tables: choice(
    '--tables <kind>',
    ['product', 'free'],
    'product: weights times centroids, both learn; free: every entry learns',
    { default: 'product' },
  ),
  encoder: choice('--encoder <kind>', ['frozen', 'learned'], 'frozen: codes stay; learned: by soft-PQ', {
    default: 'frozen',
  }),
  bits: choice('--bits <n>', [8, 7, 6], 'bits of a table entry', { default: 8 }),
  quantized: toggle(null, 'the forward pass rounds tables as they are deployed'),
  normalization: choice(
    '--normalization <kind>',
    ['live', 'folded'],
    'live: by the statistics of the micro-batch, while lookups learn',
    { default: 'live' },
  ),
} satisfies SchemaOf<Omit<LookupTrainingOptions, 'loss'>>;
