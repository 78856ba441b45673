import { type DenseLayer, findDenseLayers } from '../../../convert/dense-layers.js';
import { LutraError } from '../../../errors.js';
import { numberAttribute } from '../../../graph/attributes.js';
import { raiseOpset } from '../../../graph/passes/raise-opset.js';
import { simplify } from '../../../graph/passes/simplify.js';
import { consumersOf } from '../../../graph/topology.js';
import type { Graph, Node } from '../../../graph/types.js';
import { COMPLETE_OPERATORS } from '../../../ops/complete.js';
import { describeNode } from '../../../ops/operator.js';
import { constantsOf } from '../../constants.js';
import { inputsOf, isNode } from '../../operator.js';
import { type Window, windowOf } from '../../window.js';
import type { CodebookLayout } from '../fit/geometry.js';
import { ENCODE, ENCODE_TREE, LOOK_UP } from '../spec.js';

/** One LookUp of a converted network, with the layer that it replaced. */
export interface LookupLayer {
  readonly node: Node;
  /** The dense layer; its weights are those of the teacher. */
  readonly dense: DenseLayer;
  readonly layout: CodebookLayout;
  /** int8 [M, B·K, th, tw] */
  readonly table: Int8Array;
  /** [M] */
  readonly scale: Float32Array;
  /** [M] */
  readonly bias: Float32Array;
}

/** Parameters of an Encode. */
export interface CentroidSearch {
  readonly kind: 'centroid';
  /** [B·K, g, kh, kw] */
  readonly weights: Int8Array;
  /** [B·K] */
  readonly biases: Int32Array;
}

/** Parameters of an EncodeTree. */
interface TreeSearch {
  readonly kind: 'tree';
  /** [B, 4] */
  readonly features: Int32Array;
  /** [B, 15] */
  readonly thresholds: Uint8Array;
}

/** One Encode or EncodeTree of a converted network and the LookUps that read its codes. */
export interface EncoderLayer {
  readonly node: Node;
  /** The value that it encodes. */
  readonly input: string;
  readonly window: Window;
  /** B */
  readonly codebooks: number;
  /** g, channels per codebook. */
  readonly channels: number;
  /** v = g · kh · kw */
  readonly values: number;
  /** K */
  readonly centroids: number;
  readonly scale: number;
  readonly zeroPoint: number;
  readonly search: CentroidSearch | TreeSearch;
  readonly layers: readonly LookupLayer[];
}

const LOOK_UP_TYPES = { table: 'int8', scale: 'float32', bias: 'float32' } as const;
const INPUT_TYPES = { x_scale: 'float32', x_zero_point: 'uint8' } as const;

/** The value that stands for the dense layer's output: behind the Reshape that follows the LookUp of a linear layer. */
function layerOutput(readers: Readers, lookUp: Node): string[] {
  const own = lookUp.outputs[0]!;
  const after = (readers.get(own) ?? []).filter(({ op, domain }) => domain === '' && op === 'Reshape');
  return [own, ...after.map(({ outputs }) => outputs[0]!)];
}

type DenseLayers = ReadonlyMap<string, DenseLayer>;
type Readers = ReadonlyMap<string, readonly Node[]>;

/** The nodes that add up table rows: one per lookup layer, and its output is the layer's. */
export function lookupLayers(nodes: readonly Node[]): Node[] {
  return nodes.filter((node) => isNode(LOOK_UP, node));
}

/**
 * Finds the lookup layers of a converted network and the dense layers they came from.
 *
 * @param lookup made by `convert` from `dense`
 * @throws LutraError `INVALID_ARGUMENT` when there is no lookup layer or a layer is not found in `dense`; `UNSUPPORTED` for parameters that
 * are computed by other nodes.
 */
export function findEncoders(lookup: Graph, dense: Graph): EncoderLayer[] {
  const prepared = raiseOpset(simplify(dense, COMPLETE_OPERATORS), COMPLETE_OPERATORS);
  const denseLayers = new Map(findDenseLayers(prepared).map((layer) => [layer.output, layer]));
  const readers = consumersOf(lookup.nodes);
  const encoders = lookup.nodes
    .filter((node) => isNode(ENCODE, node) || isNode(ENCODE_TREE, node))
    .map((node) => readEncoder(lookup, denseLayers, readers, node));
  if (encoders.length === 0) {
    throw new LutraError('INVALID_ARGUMENT', 'the network has no lookup layers to train', {
      hint: 'Convert the dense network first',
    });
  }
  return encoders;
}

/** What tells an encoder by scores and one by a tree apart. */
function readSearch(graph: Graph, node: Node, replaced: DenseLayer | undefined) {
  const codebooks = numberAttribute(node, 'group', 1);
  if (isNode(ENCODE_TREE, node)) {
    const types = { ...INPUT_TYPES, features: 'int32', thresholds: 'uint8' } as const;
    const { features, thresholds, ...input } = constantsOf(graph, ENCODE_TREE, node, types);
    const search = { kind: 'tree', features: features.data, thresholds: thresholds.data } as const;
    const channels = (replaced?.inputChannels ?? 0) / codebooks;
    return { ...input, search, codebooks, channels, window: windowOf(node) };
  }
  const { Q, b, ...input } = constantsOf(graph, ENCODE, node, { ...INPUT_TYPES, Q: 'int8', b: 'int32' });
  const search = { kind: 'centroid', weights: Q.data, biases: b.data } as const;
  return { ...input, search, codebooks, channels: Q.dims[1]!, window: windowOf(node, Q.dims.slice(2)) };
}

function readEncoder(graph: Graph, denseLayers: DenseLayers, readers: Readers, node: Node): EncoderLayer {
  const lookUps = lookupLayers(readers.get(node.outputs[0]!) ?? []);
  const replaced = lookUps
    .map((lookUp) => replacedLayer(denseLayers, readers, lookUp))
    .find((layer) => layer !== undefined);
  const { x_scale, x_zero_point, search, codebooks, channels, window } = readSearch(graph, node, replaced);
  const encoder: Omit<EncoderLayer, 'layers'> = {
    node,
    input: inputsOf(ENCODE, node).x,
    window,
    codebooks,
    channels,
    values: channels * window.kernel[0] * window.kernel[1],
    centroids: numberAttribute(node, 'K', 0),
    scale: x_scale.data[0]!,
    zeroPoint: x_zero_point.data[0]!,
    search,
  };
  return { ...encoder, layers: lookUps.map((lookUp) => readLayer(graph, denseLayers, readers, encoder, lookUp)) };
}

function replacedLayer(denseLayers: DenseLayers, readers: Readers, lookUp: Node): DenseLayer | undefined {
  return layerOutput(readers, lookUp)
    .map((name) => denseLayers.get(name))
    .find((found) => found !== undefined);
}

function readLayer(
  lookup: Graph,
  denseLayers: DenseLayers,
  readers: Readers,
  encoder: Omit<EncoderLayer, 'layers'>,
  node: Node,
): LookupLayer {
  const { table, scale, bias } = constantsOf(lookup, LOOK_UP, node, LOOK_UP_TYPES);
  const { dims } = table;
  const { channels, centroids } = encoder;
  const window = windowOf(node, dims.slice(2));
  const [rows, columns] = encoder.window.kernel;
  const layer = replacedLayer(denseLayers, readers, node);
  const kernel = [rows * window.kernel[0], columns * window.kernel[1]];
  const fits =
    layer !== undefined &&
    layer.outputChannels === dims[0] &&
    layer.inputChannels === encoder.codebooks * channels &&
    `${layer.window.kernel}` === `${kernel}`;
  if (!fits) {
    throw new LutraError('INVALID_ARGUMENT', 'the dense network has no layer that this lookup layer replaces', {
      node: describeNode(node),
      expected: `${dims[0]} outputs of ${encoder.codebooks * channels} channels, ${kernel.join('×')}`,
      actual: layer
        ? `${layer.outputChannels} of ${layer.inputChannels}, ${layer.window.kernel.join('×')}`
        : 'no layer of this output name',
      hint: 'Give the network that the lookup network was converted from',
    });
  }
  return {
    node,
    dense: layer,
    layout: {
      geometry: { kind: rows * columns === 1 ? 'pixel' : 'patch', channels, centroids },
      encode: encoder.window,
      lookup: window,
      codebooks: encoder.codebooks,
      values: encoder.values,
      taps: window.kernel[0] * window.kernel[1],
    },
    table: table.data,
    scale: scale.data,
    bias: bias.data,
  };
}
