import type { DenseLayer } from './dense-layers.js';
import type { InputSize } from './sizes.js';
import type { ConvertOptions, LayerReport } from './types.js';

/** What one replaced layer costs for one example, by the family's cost model. */
export interface FittedCost {
  readonly nanoseconds: number;
  readonly tableBytes: number;
  readonly searchMacs: number;
  readonly lookups: number;
}

/**
 * The fit stage of a family: how `convert` replaces a dense layer by nodes of the family.
 */
export interface FamilyFit {
  /** Whether the layer has a form in this family. */
  accepts(site: DenseLayer): boolean;
  /** Of the form that would be fitted. */
  cost(site: DenseLayer, size: InputSize, options: ConvertOptions): FittedCost;
  /** What the report says of the layer beside its cost. */
  describe?(site: DenseLayer): Partial<LayerReport>;
}
