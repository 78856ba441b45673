import { LutraError } from '../errors.js';
import type { Graph } from '../graph/types.js';
import { candidateGeometries } from '../lut/coded/fit/choose.js';
import type { LayerCost } from '../lut/coded/fit/cost-model.js';
import { layerCost } from '../lut/coded/fit/cost-model.js';
import { layoutCodebooks } from '../lut/coded/fit/geometry.js';
import type { DenseLayer } from './dense-layers.js';
import type { InputSize } from './sizes.js';
import type { ConvertOptions, LayerReport } from './types.js';

export interface Selection {
  /** Layers to replace, in order. */
  readonly selected: readonly DenseLayer[];
  readonly kept: ReadonlyMap<DenseLayer, NonNullable<LayerReport['reason']>>;
}

/** Time of the fastest candidate of the cost model, in nanoseconds. */
function fastestLookup(site: DenseLayer, size: InputSize, options: ConvertOptions): number {
  return Math.min(
    ...candidateGeometries(site, options).map((geometry) => {
      const cost = layerCost(site, layoutCodebooks(site, geometry), options.encoder ?? 'centroid', ...size);
      return lookupTime(cost);
    }),
  );
}

export function lookupTime(cost: LayerCost): number {
  return cost.encodeNanoseconds + cost.lookupNanoseconds;
}

/**
 * Which layers to replace.
 * @throws LutraError `INVALID_ARGUMENT` when a named node does not exist or has no lookup form
 */
export function selectLayers(
  graph: Graph,
  sites: readonly DenseLayer[],
  sizes: ReadonlyMap<DenseLayer, InputSize>,
  options: ConvertOptions,
): Selection {
  const { layers = 'default', exclude = [] } = options;
  const byName = new Map(sites.map((site) => [site.node.name, site]));
  for (const name of [...(typeof layers === 'string' ? [] : layers), ...exclude]) {
    if (byName.has(name)) continue;
    const node = graph.nodes.find((other) => other.name === name);
    throw new LutraError(
      'INVALID_ARGUMENT',
      `layer "${name}" cannot be ${exclude.includes(name) ? 'excluded' : 'converted'}`,
      {
        expected: `one of ${[...byName.keys()].join(', ') || 'no layers'}`,
        actual: node ? `${node.name} (${node.op}), which has no lookup form` : 'no such node',
      },
    );
  }
  const kept = new Map<DenseLayer, NonNullable<LayerReport['reason']>>();
  for (const site of sites) {
    const reason = reasonToKeep(site, sizes.get(site)!, options);
    if (reason) kept.set(site, reason);
  }
  return { selected: sites.filter((site) => !kept.has(site)), kept };
}

function reasonToKeep(site: DenseLayer, size: InputSize, options: ConvertOptions): LayerReport['reason'] {
  const { layers = 'default', exclude = [] } = options;
  if (exclude.includes(site.node.name)) return 'excluded';
  if (layers === 'all') return undefined;
  if (layers !== 'default') return layers.includes(site.node.name) ? undefined : 'excluded';
  if (site.first) return 'first';
  if (site.last) return 'last';
  const [geometry] = candidateGeometries(site, options);
  const dense = layerCost(site, layoutCodebooks(site, geometry!), 'centroid', ...size).denseNanoseconds;
  return fastestLookup(site, size, options) >= dense ? 'cost' : undefined;
}
