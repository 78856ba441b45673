import { denseCost } from './dense-cost.js';
import type { DenseLayer } from './dense-layers.js';
import type { ReplacedLayer } from './layerwise.js';
import type { InputSize } from './sizes.js';
import type { ConvertReport, LayerReport } from './types.js';

/** One entry per layer with weights that a family could replace. */
export function describeLayers(
  layers: readonly DenseLayer[],
  sizes: ReadonlyMap<DenseLayer, InputSize>,
  kept: ReadonlyMap<DenseLayer, NonNullable<LayerReport['reason']>>,
  replaced: readonly ReplacedLayer[],
): LayerReport[] {
  return layers.map((layer) => {
    const dense = denseCost(layer, sizes.get(layer)!);
    const base = {
      name: layer.node.name,
      op: layer.node.op,
      weightBytes: 4 * (layer.weight.length + layer.bias.length),
      denseFlops: 2 * dense.macs,
      denseNanoseconds: dense.nanoseconds,
    };
    const found = replaced.find((other) => other.layer === layer);
    if (!found) {
      const idle = { tableBytes: 0, macs: dense.macs, searchMacs: 0, lookups: 0, lookupNanoseconds: 0 };
      return { ...base, ...idle, converted: false, reason: kept.get(layer) ?? 'plan' };
    }
    const { family, form, facts, relativeError, cost } = found;
    const { nanoseconds: lookupNanoseconds, ...work } = cost;
    return { ...base, converted: true, family, form, ...facts, relativeError, ...work, lookupNanoseconds };
  });
}

export function sumTotals(layers: readonly LayerReport[]): ConvertReport['totals'] {
  const sum = (value: (layer: LayerReport) => number) => layers.reduce((total, layer) => total + value(layer), 0);
  return {
    converted: sum(({ converted }) => (converted ? 1 : 0)),
    weightBytesBefore: sum(({ weightBytes }) => weightBytes),
    weightBytesAfter: sum(({ tableBytes, weightBytes }) => tableBytes || weightBytes),
    flopsBefore: sum(({ denseFlops }) => denseFlops),
    flopsAfter: sum(({ macs }) => 2 * macs),
    searchMacs: sum(({ searchMacs }) => searchMacs),
    lookups: sum(({ lookups }) => lookups),
  };
}
