import type { Graph } from '../graph/types.js';
import type { DenseLayer } from './dense-layers.js';
import { gatherVectors } from './gather.js';
import { planesOf } from './live-planes.js';
import { findRelu } from './relu.js';
import type { Frontier } from './segment.js';

/** What a layer should compute at some positions. */
export interface Targets {
  /** [N, O] such that the value after a residual addition is the dense network's. */
  readonly targets: Float32Array;
  /** [N, O] the dense network's values as they enter a ReLU that follows: the targets plus what is added to them. */
  readonly beforeRelu?: Float32Array;
}

/** @param positions ascending positions of the layer's output */
export function targetsOf(
  graph: Graph,
  layer: DenseLayer,
  dense: Frontier,
  converted: Frontier,
  positions: Uint32Array,
): Targets {
  const vectors = (frontier: Frontier, name: string) =>
    gatherVectors(planesOf(frontier, layer, name, layer.outputChannels), positions);
  const targets = vectors(dense, layer.output);
  const relu = layer.kind === 'conv' ? findRelu(graph, layer) : undefined;
  if (!relu) return { targets };
  const { skip } = relu;
  if (skip === undefined) return { targets, beforeRelu: targets };
  const alike = dense.batches.every((live) => String(live.get(skip)?.dims) === String(live.get(layer.output)?.dims));
  if (!alike) return { targets };
  const beforeRelu = vectors(dense, skip);
  for (let i = 0; i < beforeRelu.length; i++) beforeRelu[i]! += targets[i]!;
  const added = vectors(converted, skip);
  return { targets: beforeRelu.map((value, i) => value - added[i]!), beforeRelu };
}
