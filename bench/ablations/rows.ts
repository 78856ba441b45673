import type { ConvertOptions } from '../../src/convert/types.js';
import type { LookupTrainingOptions } from '../../src/lut/coded/train/options.js';

/** One line of the table: how the network is converted, and how it is trained then. */
export interface Row {
  readonly group: string;
  readonly name: string;
  readonly conversion: ConvertOptions;
  /** Undefined: not trained. */
  readonly training?: LookupTrainingOptions;
  /** Trains for the time that the row of this name took, not for a number of updates. */
  readonly asLongAs?: string;
}

type Kind = 'patch' | 'row' | 'pixel';

const geometry = (kind: Kind, channels: number, centroids = 16): ConvertOptions => ({
  geometry: { conv: { kind, channels } },
  centroids,
});

/** LUT-NN's own geometry, which leaves the most to learn. */
const PATCH = geometry('patch', 1);

/** The comparisons of docs/training.md. Each row differs in one thing from the default row (group `start`). */
export const ROWS: readonly Row[] = [
  { group: 'start', name: 'not trained', conversion: PATCH },
  { group: 'start', name: 'default', conversion: PATCH, training: {} },
  { group: 'normalization', name: 'folded', conversion: PATCH, training: { normalization: 'folded' } },
  { group: 'tables', name: 'free', conversion: PATCH, training: { tables: 'free' } },
  { group: 'tables', name: 'product, rounded', conversion: PATCH, training: { quantized: true } },
  { group: 'bits', name: '7 bits', conversion: PATCH, training: { bits: 7 } },
  { group: 'bits', name: '6 bits', conversion: PATCH, training: { bits: 6 } },
  { group: 'encoder', name: 'learned', conversion: PATCH, training: { encoder: 'learned' } },
  { group: 'encoder', name: 'frozen, as long as learned', conversion: PATCH, training: {}, asLongAs: 'learned' },
  { group: 'loss', name: 'labels', conversion: PATCH, training: { loss: { kind: 'labels' } } },
  { group: 'K', name: '8', conversion: geometry('patch', 1, 8), training: {} },
  { group: 'K', name: '32', conversion: geometry('patch', 1, 32), training: {} },
  { group: 'geometry', name: 'pixel of 4 (v = 4)', conversion: geometry('pixel', 4), training: {} },
  { group: 'geometry', name: 'row of 1 (v = 3)', conversion: geometry('row', 1), training: {} },
  { group: 'geometry', name: 'patch of 2 (v = 18)', conversion: geometry('patch', 2), training: {} },
  { group: 'tree', name: 'not trained', conversion: { ...PATCH, encoder: 'tree' } },
  { group: 'tree', name: 'frozen', conversion: { ...PATCH, encoder: 'tree' }, training: {} },
];
