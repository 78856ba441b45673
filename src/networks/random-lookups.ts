import { encodeNode } from '../convert/codebooks.js';
import { lookUpNode } from '../convert/fit-layer.js';
import { fittingChannels, type GeometryKind, layoutCodebooks } from '../convert/geometry.js';
import { seededRandom } from '../convert/random.js';
import { findSites } from '../convert/sites.js';
import { tensorValue } from '../graph/tensor.js';
import type { Graph, Node, TensorValue } from '../graph/types.js';

export interface RandomLookupOptions {
  readonly kind: Exclude<GeometryKind, 'linear'>;
  /** Channels per codebook; 1 × 1 convolutions use 4, as LUT-NN does. */
  readonly channels: number;
  readonly centroids: number;
  readonly seed: number;
}

const POINTWISE_CHANNELS = 4;
/** Weights of a converted network stay small enough for sums of pairs in 16 bits (src/convert/encoder.ts); so do these. */
const LANE_LIMIT = 258;

/**
 * Replaces every convolution but the first by lookup layers with random codebooks and tables. Latency does not depend on what the tables
 * hold, so this measures a network for which no trained one exists; its answers mean nothing.
 */
export function randomLookups(graph: Graph, { kind, channels, centroids: K, seed }: RandomLookupOptions): Graph {
  const random = seededRandom(seed);
  const int8 = (length: number, limit = 127) =>
    Int8Array.from({ length }, () => Math.floor(random() * (2 * limit + 1)) - limit);
  const initializers = new Map<string, TensorValue>(graph.initializers);
  const replacements = new Map<Node, Node[]>();
  for (const site of findSites(graph)) {
    if (site.kind !== 'conv' || site.first) continue;
    const pointwise = site.window.kernel[0] * site.window.kernel[1] === 1;
    const g = fittingChannels(site.inputChannels, pointwise ? POINTWISE_CHANNELS : channels);
    const layout = layoutCodebooks(site, { kind: pointwise ? 'pixel' : kind, channels: g, centroids: K });
    const { codebooks: B, values: v, taps } = layout;
    const O = site.outputChannels;
    const [kh, kw] = layout.encode.kernel;
    const books: Parameters<typeof encodeNode>[0] = {
      encoder: 'centroid',
      scale: { scale: 1 / 32, zeroPoint: 0 },
      parameters: [
        ['Q', tensorValue('int8', [B * K, g, kh, kw], int8(B * K * v, Math.min(127, Math.floor(LANE_LIMIT / v))))],
        [
          'b',
          tensorValue(
            'int32',
            [B * K],
            Int32Array.from({ length: B * K }, () => Math.floor(random() * 2000) - 1000),
          ),
        ],
      ],
    };
    const table = {
      table: int8(O * B * K * taps),
      // Sums of B·taps entries of this size have about unit variance after scaling.
      scale: new Float32Array(O).fill(1 / (73 * Math.sqrt(B * taps))),
      bias: site.bias,
    };
    const codes = `${site.node.name}/codes`;
    replacements.set(site.node, [
      encodeNode(books, layout, `${site.node.name}/encode`, site.input, codes, initializers),
      lookUpNode(table, layout, `${site.node.name}/lookup`, codes, site.output, initializers),
    ]);
    for (const name of site.node.inputs.slice(1)) initializers.delete(name);
  }
  return {
    ...graph,
    name: `${graph.name}_lut`,
    opset: { ...graph.opset, lutra: 1 },
    nodes: graph.nodes.flatMap((node) => replacements.get(node) ?? [node]),
    initializers,
  };
}
