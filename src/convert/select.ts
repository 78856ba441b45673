import { LutraError } from '../errors.js';
import type { Graph } from '../graph/types.js';
import { denseCost } from './dense-cost.js';
import type { DenseLayer } from './dense-layers.js';
import type { FamilyFit } from './family-fit.js';
import type { InputSize } from './sizes.js';
import type { ConvertOptions, LayerReport } from './types.js';

export interface Selection {
  /** Layers to replace, in order. */
  readonly selected: readonly DenseLayer[];
  readonly kept: ReadonlyMap<DenseLayer, NonNullable<LayerReport['reason']>>;
}

/**
 * Which layers to replace.
 * @throws LutraError `INVALID_ARGUMENT` when a named node does not exist or has no lookup form
 */
export function selectLayers(
  graph: Graph,
  all: readonly DenseLayer[],
  sizes: ReadonlyMap<DenseLayer, InputSize>,
  options: ConvertOptions,
  family: FamilyFit,
): Selection {
  checkNames(graph, all, options, (layer) => family.accepts(layer));
  const kept = new Map<DenseLayer, NonNullable<LayerReport['reason']>>();
  for (const layer of all) {
    const reason = reasonToKeep(layer, sizes.get(layer)!, options, family);
    if (reason) kept.set(layer, reason);
  }
  return { selected: all.filter((layer) => !kept.has(layer)), kept };
}

/**
 * Checks that the named layers exist and can be replaced.
 * @throws LutraError `INVALID_ARGUMENT`
 */
export function checkNames(
  graph: Graph,
  all: readonly DenseLayer[],
  options: ConvertOptions,
  accepts: (layer: DenseLayer) => boolean,
): void {
  const { layers = 'default', exclude = [] } = options;
  for (const name of [...(typeof layers === 'string' ? [] : layers), ...exclude]) {
    const excluded = exclude.includes(name);
    const choices = all.filter((layer) => excluded || accepts(layer)).map(({ node }) => node.name);
    if (choices.includes(name)) continue;
    const node = graph.nodes.find((other) => other.name === name);
    throw new LutraError('INVALID_ARGUMENT', `layer "${name}" cannot be ${excluded ? 'excluded' : 'converted'}`, {
      expected: `one of ${choices.join(', ') || 'no layers'}`,
      actual: node ? `${node.name} (${node.op}), which has no lookup form` : 'no such node',
    });
  }
}

/** Which layers a plan may replace: the first and the last, too, since it knows how much errors there weigh. */
export function isPlannable({ node }: DenseLayer, { layers = 'default', exclude = [] }: ConvertOptions): boolean {
  return !exclude.includes(node.name) && (typeof layers === 'string' || layers.includes(node.name));
}

function reasonToKeep(
  layer: DenseLayer,
  size: InputSize,
  options: ConvertOptions,
  family: FamilyFit,
): LayerReport['reason'] {
  const { layers = 'default', exclude = [] } = options;
  if (exclude.includes(layer.node.name)) return 'excluded';
  if (!family.accepts(layer)) return 'unsupported';
  if (layers === 'all') return undefined;
  if (layers !== 'default') return layers.includes(layer.node.name) ? undefined : 'excluded';
  if (layer.first) return 'first';
  if (layer.last) return 'last';
  return family.cost(layer, size, options).nanoseconds >= denseCost(layer, size).nanoseconds ? 'cost' : undefined;
}
