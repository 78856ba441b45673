import { type DenseLayer, findDenseLayers } from '../../src/convert/dense-layers.js';
import { seededRandom } from '../../src/convert/random.js';
import { declaredInputs, inferTypes } from '../../src/graph/passes/infer-types.js';
import { tensorValue } from '../../src/graph/tensor.js';
import { consumersOf, UniqueNames, valueNames } from '../../src/graph/topology.js';
import type { Graph, Node, TensorValue } from '../../src/graph/types.js';
import { encodeNode } from '../../src/lut/coded/fit/codebooks.js';
import { lookUpNode } from '../../src/lut/coded/fit/fit-layer.js';
import {
  type CodebookLayout,
  fittingChannels,
  type GeometryKind,
  layoutCodebooks,
} from '../../src/lut/coded/fit/geometry.js';
import { canQuantize, quantizedConvNode } from '../../src/lut/integer/fit.js';
import { MAX_LANE_WEIGHT, MAX_WEIGHT } from '../../src/lut/limits.js';
import { COMPLETE_OPERATORS } from '../../src/ops/complete.js';

export interface RandomLookupOptions {
  /** Geometry of convolutions larger than 1 × 1. */
  readonly kind: Exclude<GeometryKind, 'linear'>;
  /** Channels per codebook of those. */
  readonly channels: number;
  /** Channels per codebook of 1 × 1 convolutions. */
  readonly pointwise: number;
  /** Inputs per codebook of Gemm and MatMul. */
  readonly linear: number;
  readonly centroids: number;
  readonly seed: number;
  /** `integer`: first convolutions that are not replaced are computed with int8 weights. Default `float`. */
  readonly stem?: 'float' | 'integer';
  /** Which layers are replaced. */
  readonly layers: (layer: DenseLayer) => boolean;
}

/** The geometry of LUT-NN (Tang et al. 2023, §6.1): one codebook per 3 × 3 window, per 4 channels and per 32 inputs; K = 16. */
export const LUT_NN_GEOMETRY: Omit<RandomLookupOptions, 'layers' | 'seed'> = {
  kind: 'patch',
  channels: 1,
  pointwise: 4,
  linear: 32,
  centroids: 16,
};

/** Steps of quantization per unit: activations of these networks have about unit variance. */
const STEPS_PER_UNIT = 32;
/** Behind a ReLU nothing is negative; elsewhere half of the integers are. */
const AFTER_RELU = { scale: 1 / STEPS_PER_UNIT, zeroPoint: 0 };
const SIGNED = { scale: 2 / STEPS_PER_UNIT, zeroPoint: 64 };

/**
 * Replaces layers by lookup layers with random codebooks and tables. Latency does not depend on what the tables hold, so this measures
 * a network for which no trained one exists; its answers mean nothing. Layers with the same input and geometry share their codes.
 */
export function randomLookups(graph: Graph, options: RandomLookupOptions): Graph {
  return new LookupWriter(graph, options).write();
}

class LookupWriter {
  readonly #random: () => number;
  readonly #names: UniqueNames;
  readonly #initializers: Map<string, TensorValue>;
  /** Name of the codes by what they are made from. */
  readonly #codes = new Map<string, string>();

  constructor(
    private readonly graph: Graph,
    private readonly options: RandomLookupOptions,
  ) {
    this.#random = seededRandom(options.seed);
    this.#names = new UniqueNames(new Set([...valueNames(graph), ...graph.nodes.map(({ name }) => name)]));
    this.#initializers = new Map(graph.initializers);
  }

  write(): Graph {
    const {
      graph,
      options: { stem, layers },
    } = this;
    const consumers = consumersOf(graph.nodes);
    const { types } = inferTypes(
      graph,
      COMPLETE_OPERATORS,
      declaredInputs(graph, () => 1),
    );
    const replacements = new Map<Node, readonly Node[]>();
    for (const layer of findDenseLayers(graph)) {
      const { kind, node } = layer;
      const replaced = layers(layer);
      if (!replaced && !(stem === 'integer' && layer.first && canQuantize(layer))) continue;
      if (!replaced) {
        replacements.set(node, [quantizedConvNode(layer, SIGNED, `${node.name}/quantized`, this.#initializers)]);
      } else if (kind === 'conv') {
        replacements.set(node, this.#convolution(layer));
      } else {
        const added = this.#biasBehind(layer, consumers.get(layer.output) ?? []);
        replacements.set(node, this.#linear(layer, types.get(layer.input)!.dims, added));
        if (added) replacements.set(added, []);
      }
      for (const name of node.inputs.slice(1)) this.#initializers.delete(name);
    }
    return {
      ...graph,
      name: `${graph.name}_lut`,
      opset: { ...graph.opset, lutra: 1 },
      nodes: graph.nodes.flatMap((node) => replacements.get(node) ?? [node]),
      initializers: this.#initializers,
    };
  }

  #convolution(layer: DenseLayer): readonly Node[] {
    const layout = this.#layout(layer);
    const nodes: Node[] = [];
    const codes = this.#codesOf(layer, layout, (name) => {
      nodes.push(this.#encode(layer, layout, layer.input, name));
    });
    nodes.push(this.#lookUp(layer, layout, codes, layer.output, layer.bias));
    return nodes;
  }

  /**
   * Rows become images of one pixel and back.
   * @param dims of the layer's input; the first one may vary
   * @param added the addition of the layer's bias, if a node of its own does that
   */
  #linear(layer: DenseLayer, dims: readonly number[], added: Node | undefined): readonly Node[] {
    const layout = this.#layout(layer);
    const { name } = layer.node;
    const nodes: Node[] = [];
    const reshape = (what: string, from: string, shape: readonly number[], to: string) => {
      const node = this.#names.make(`${name}/${what}`);
      const inputs = [from, `${node}.shape`];
      this.#initializers.set(inputs[1]!, tensorValue('int64', [shape.length], BigInt64Array.from(shape, BigInt)));
      nodes.push({ name: node, op: 'Reshape', domain: '', inputs, outputs: [to], attributes: {} });
    };
    const codes = this.#codesOf(layer, layout, (to) => {
      const rows = this.#names.make(`${name}/rows`);
      reshape('split', layer.input, [-1, layer.inputChannels, 1, 1], rows);
      nodes.push(this.#encode(layer, layout, rows, to));
    });
    let { bias, output } = layer;
    if (added) {
      const constant = added.inputs[1]!;
      bias = this.graph.initializers.get(constant)!.data as Float32Array;
      this.#initializers.delete(constant);
      output = added.outputs[0]!;
    }
    const sums = this.#names.make(`${name}/sums`);
    nodes.push(this.#lookUp(layer, layout, codes, sums, bias));
    reshape('join', sums, [-1, ...dims.slice(1, -1), layer.outputChannels], output);
    return nodes;
  }

  /** The addition of a constant vector, where it alone reads a MatMul: it becomes the bias of the lookup layer. */
  #biasBehind(layer: DenseLayer, readers: readonly Node[]): Node | undefined {
    const [reader] = readers;
    if (layer.node.op !== 'MatMul' || readers.length !== 1 || reader?.op !== 'Add') return undefined;
    const bias = this.graph.initializers.get(reader.inputs[1]!);
    return bias?.type === 'float32' && bias.data.length === layer.outputChannels ? reader : undefined;
  }

  /** Name of the codes of a layer. `make` makes them if no other layer has the same. */
  #codesOf(layer: DenseLayer, { encode, values }: CodebookLayout, make: (name: string) => void): string {
    const key = [layer.input, values, encode.kernel, encode.strides, encode.pads].join();
    let codes = this.#codes.get(key);
    if (codes === undefined) {
      codes = this.#names.make(`${layer.node.name}/codes`);
      this.#codes.set(key, codes);
      make(codes);
    }
    return codes;
  }

  #layout(layer: DenseLayer): CodebookLayout {
    const { kind, channels, pointwise, linear, centroids } = this.options;
    if (layer.kind === 'linear') {
      const g = fittingChannels(layer.inputChannels, linear);
      return layoutCodebooks(layer, { kind: 'linear', channels: g, centroids });
    }
    const small = layer.window.kernel[0] * layer.window.kernel[1] === 1;
    const g = fittingChannels(layer.inputChannels, small ? pointwise : channels);
    return layoutCodebooks(layer, { kind: small ? 'pixel' : kind, channels: g, centroids });
  }

  #encode(layer: DenseLayer, layout: CodebookLayout, input: string, codes: string): Node {
    const { codebooks: B, values: v } = layout;
    const { channels: g, centroids: K } = layout.geometry;
    const [kh, kw] = layout.encode.kernel;
    const weights = this.#int8(B * K * v, Math.min(MAX_WEIGHT, Math.max(1, Math.floor(MAX_LANE_WEIGHT / v))));
    const biases = Int32Array.from({ length: B * K }, () => Math.floor(this.#random() * 2000) - 1000);
    const books: Parameters<typeof encodeNode>[0] = {
      encoder: 'centroid',
      scale: layer.kind === 'conv' ? AFTER_RELU : SIGNED,
      parameters: [
        ['Q', tensorValue('int8', [B * K, g, kh, kw], weights)],
        ['b', tensorValue('int32', [B * K], biases)],
      ],
    };
    return encodeNode(books, layout, `${layer.node.name}/encode`, input, codes, this.#initializers);
  }

  #lookUp(layer: DenseLayer, layout: CodebookLayout, codes: string, output: string, bias: Float32Array): Node {
    const { codebooks: B, taps } = layout;
    const O = layer.outputChannels;
    const table = {
      table: this.#int8(O * B * this.options.centroids * taps, MAX_WEIGHT),
      // Sums of B·taps entries of this size have about unit variance after scaling.
      scale: new Float32Array(O).fill(1 / (73 * Math.sqrt(B * taps))),
      bias,
    };
    return lookUpNode(table, layout, `${layer.node.name}/lookup`, codes, output, this.#initializers);
  }

  #int8(length: number, limit: number): Int8Array {
    const values = new Int8Array(length);
    for (let i = 0; i < length; i++) values[i] = Math.floor(this.#random() * (2 * limit + 1)) - limit;
    return values;
  }
}
