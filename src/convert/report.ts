import { candidateGeometries } from '../lut/coded/fit/choose.js';
import { layerCost } from '../lut/coded/fit/cost-model.js';
import { layoutCodebooks } from '../lut/coded/fit/geometry.js';
import { canQuantize } from '../lut/integer/fit.js';
import type { DenseLayer } from './dense-layers.js';
import { integerStem } from './options.js';
import { lookupTime } from './select.js';
import type { InputSize } from './sizes.js';
import type { ConvertOptions, ConvertReport, LayerReport } from './types.js';
import type { ConvertedLayer } from './walk.js';

/** One entry per layer with weights that has a lookup form, converted or not. */
export function describeLayers(
  sites: readonly DenseLayer[],
  sizes: ReadonlyMap<DenseLayer, InputSize>,
  kept: ReadonlyMap<DenseLayer, NonNullable<LayerReport['reason']>>,
  converted: readonly ConvertedLayer[],
  options: ConvertOptions,
): LayerReport[] {
  const encoder = options.encoder ?? 'centroid';
  return sites.map((site) => {
    const layer = converted.find((other) => other.site === site);
    const layout = layer?.layout ?? layoutCodebooks(site, candidateGeometries(site, options)[0]!);
    const cost = layerCost(site, layout, encoder, ...sizes.get(site)!);
    const base = {
      name: site.node.name,
      op: site.node.op,
      weightBytes: 4 * (site.weight.length + site.bias.length),
      denseFlops: 2 * cost.denseMacs,
      denseNanoseconds: cost.denseNanoseconds,
    };
    if (!layer) {
      const idle = { tableBytes: 0, searchMacs: 0, lookups: 0, lookupNanoseconds: 0 };
      const integers = site.first && integerStem(options) && canQuantize(site);
      return {
        ...base,
        ...idle,
        ...(integers ? { integers, tableBytes: site.weight.length + 8 * site.bias.length } : {}),
        converted: false,
        reason: kept.get(site) ?? 'maxDrop',
      };
    }
    const { sharedCodes } = layer;
    return {
      ...base,
      converted: true,
      geometry: layout.geometry,
      encoder,
      sharedCodes,
      relativeError: layer.relativeError,
      tableBytes: cost.tableBytes + (sharedCodes ? 0 : cost.encoderBytes),
      searchMacs: sharedCodes ? 0 : cost.searchMacs,
      lookups: cost.lookups,
      lookupNanoseconds: sharedCodes ? cost.lookupNanoseconds : lookupTime(cost),
    };
  });
}

export function sumTotals(layers: readonly LayerReport[]): ConvertReport['totals'] {
  const sum = (value: (layer: LayerReport) => number) => layers.reduce((total, layer) => total + value(layer), 0);
  return {
    converted: sum(({ converted }) => (converted ? 1 : 0)),
    weightBytesBefore: sum(({ weightBytes }) => weightBytes),
    weightBytesAfter: sum(({ tableBytes, weightBytes }) => tableBytes || weightBytes),
    flopsBefore: sum(({ denseFlops }) => denseFlops),
    flopsAfter: sum(({ converted, denseFlops }) => (converted ? 0 : denseFlops)),
    searchMacs: sum(({ searchMacs }) => searchMacs),
    lookups: sum(({ lookups }) => lookups),
  };
}
