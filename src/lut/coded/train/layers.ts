import { type DenseLayer, findDenseLayers } from '../../../convert/dense-layers.js';
import { LutraError } from '../../../errors.js';
import { numberAttribute } from '../../../graph/attributes.js';
import { raiseOpset } from '../../../graph/passes/raise-opset.js';
import { simplify } from '../../../graph/passes/simplify.js';
import { consumersOf } from '../../../graph/topology.js';
import type { DataType, DataTypeMap, Graph, Node } from '../../../graph/types.js';
import { describeNode } from '../../../ops/operator.js';
import { LOOKUP_DOMAIN } from '../../domain.js';
import type { CodebookLayout } from '../fit/geometry.js';
import { type Window, windowOf } from './windows.js';

/** One LookUp of a converted network, with the layer that it replaced. */
export interface LookupLayer {
  readonly node: Node;
  /** The dense layer; its weights are those of the teacher. */
  readonly site: DenseLayer;
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
export interface TreeSearch {
  readonly kind: 'tree';
  /** [B, 4] */
  readonly features: Int32Array;
  /** [B, 15] */
  readonly thresholds: Uint8Array;
}

/** One Encode or EncodeTree of a converted network and the LookUps that read its codes. */
export interface Encoding {
  readonly node: Node;
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

function constant<T extends DataType>(graph: Graph, node: Node, index: number, type: T): DataTypeMap[T] {
  const value = graph.initializers.get(node.inputs[index] ?? '');
  if (value?.type !== type) {
    throw new LutraError('UNSUPPORTED', `input ${index} must be a constant to be trained`, {
      node: describeNode(node),
      expected: type,
      actual: value?.type ?? 'a computed value',
    });
  }
  return value.data as DataTypeMap[T];
}

/** The value that stands for the dense layer's output: behind the Reshape that follows the LookUp of a linear layer. */
function layerOutput(readers: Readers, lookUp: Node): string[] {
  const own = lookUp.outputs[0]!;
  const after = (readers.get(own) ?? []).filter(({ op, domain }) => domain === '' && op === 'Reshape');
  return [own, ...after.map(({ outputs }) => outputs[0]!)];
}

type Sites = ReadonlyMap<string, DenseLayer>;
type Readers = ReadonlyMap<string, readonly Node[]>;

/**
 * Finds the lookup layers of a converted network and the dense layers they came from.
 *
 * @param lookup made by `convert` from `dense`
 * @throws LutraError `INVALID_ARGUMENT` when there is no lookup layer or a layer is not found in `dense`; `UNSUPPORTED` for parameters that
 * are computed by other nodes.
 */
export function findEncodings(lookup: Graph, dense: Graph): Encoding[] {
  const sites = new Map(findDenseLayers(raiseOpset(simplify(dense))).map((site) => [site.output, site]));
  const readers = consumersOf(lookup.nodes);
  const encodings = lookup.nodes
    .filter(({ domain, op }) => domain === LOOKUP_DOMAIN && op.startsWith('Encode'))
    .map((node) => readEncoding(lookup, sites, readers, node));
  if (encodings.length === 0) {
    throw new LutraError('INVALID_ARGUMENT', 'the network has no lookup layers to train', {
      hint: 'Convert the dense network first',
    });
  }
  return encodings;
}

/**
 * The convolutions of integers, whose parameters are constants.
 *
 * @throws LutraError `UNSUPPORTED` for parameters that are computed by other nodes
 */
export function findQuantizedConvs(lookup: Graph): Node[] {
  const nodes = lookup.nodes.filter(({ domain, op }) => domain === LOOKUP_DOMAIN && op === 'QuantizedConv');
  const types = ['float32', 'uint8', 'int8', 'float32', 'float32'] as const;
  for (const node of nodes) {
    for (const [i, type] of types.entries()) constant(lookup, node, i + 1, type);
  }
  return nodes;
}

function readEncoding(graph: Graph, sites: Sites, readers: Readers, node: Node): Encoding {
  const lookUps = (readers.get(node.outputs[0]!) ?? []).filter(({ op }) => op === 'LookUp');
  const codebooks = numberAttribute(node, 'group', 1);
  const tree = node.op === 'EncodeTree';
  const Q = graph.initializers.get(node.inputs[3]!);
  const window = windowOf(node, tree ? [1, 1] : Q?.dims.slice(2));
  const replaced = lookUps.map((lookUp) => replacedSite(sites, readers, lookUp)).find((site) => site !== undefined);
  const channels = tree ? (replaced?.inputChannels ?? 0) / codebooks : (Q?.dims[1] ?? 0);
  const encoding: Omit<Encoding, 'layers'> = {
    node,
    window,
    codebooks,
    channels,
    values: channels * window.kernel[0] * window.kernel[1],
    centroids: numberAttribute(node, 'K', 0),
    scale: constant(graph, node, 1, 'float32')[0]!,
    zeroPoint: constant(graph, node, 2, 'uint8')[0]!,
    search: tree
      ? { kind: 'tree', features: constant(graph, node, 3, 'int32'), thresholds: constant(graph, node, 4, 'uint8') }
      : { kind: 'centroid', weights: constant(graph, node, 3, 'int8'), biases: constant(graph, node, 4, 'int32') },
  };
  return { ...encoding, layers: lookUps.map((lookUp) => readLayer(graph, sites, readers, encoding, lookUp)) };
}

function replacedSite(sites: Sites, readers: Readers, lookUp: Node): DenseLayer | undefined {
  return layerOutput(readers, lookUp)
    .map((name) => sites.get(name))
    .find((found) => found !== undefined);
}

function readLayer(
  lookup: Graph,
  sites: Sites,
  readers: Readers,
  encoding: Omit<Encoding, 'layers'>,
  node: Node,
): LookupLayer {
  const { dims } = lookup.initializers.get(node.inputs[1]!) ?? { dims: [] };
  const window = windowOf(node, dims.slice(2));
  const [rows, columns] = encoding.window.kernel;
  const site = replacedSite(sites, readers, node);
  const kernel = [rows * window.kernel[0], columns * window.kernel[1]];
  const fits =
    site !== undefined &&
    site.outputChannels === dims[0] &&
    site.inputChannels === encoding.codebooks * encoding.channels &&
    `${site.window.kernel}` === `${kernel}`;
  if (!fits) {
    throw new LutraError('INVALID_ARGUMENT', 'the dense network has no layer that this lookup layer replaces', {
      node: describeNode(node),
      expected: `${dims[0]} outputs of ${encoding.codebooks * encoding.channels} channels, ${kernel.join('×')}`,
      actual: site
        ? `${site.outputChannels} of ${site.inputChannels}, ${site.window.kernel.join('×')}`
        : 'no layer of this output name',
      hint: 'Give the network that the lookup network was converted from',
    });
  }
  return {
    node,
    site,
    layout: {
      geometry: {
        kind: rows * columns === 1 ? 'pixel' : 'patch',
        channels: encoding.channels,
        centroids: encoding.centroids,
      },
      encode: encoding.window,
      lookup: window,
      codebooks: encoding.codebooks,
      values: encoding.values,
      taps: window.kernel[0] * window.kernel[1],
    },
    table: constant(lookup, node, 1, 'int8'),
    scale: constant(lookup, node, 2, 'float32'),
    bias: constant(lookup, node, 3, 'float32'),
  };
}
