import { LutraError } from '../../../errors.js';
import { UniqueNames, valueNames } from '../../../graph/topology.js';
import type { Attribute, Graph, Node, TensorValue } from '../../../graph/types.js';
import { describeNode } from '../../../ops/operator.js';
import { type ParameterOptions, TRAINING_DOMAIN } from '../../../train/types.js';
import { LOOKUP_DOMAIN } from '../../domain.js';
import { MAX_ACTIVATION } from '../../limits.js';
import type { DeployedLayer } from './deploy.js';
import { extraFactors, type Factors, factorize, realTables, unfoldedWeights } from './factors.js';
import type { CentroidSearch, Encoding, LookupLayer } from './layers.js';
import type { Reconstruction } from './loss.js';
import { type LayerStatistics, NORMALIZATION, type Offset, offsetValues } from './offset.js';
import type { ResolvedOptions } from './options.js';
import { initialTemperatures } from './temperature.js';
import { windowAttributes } from './windows.js';

/** Table entries and weights change by about the learning rate at every step of Adam: larger values may change faster. */
const REFERENCE = 0.05;
/** Learning rate of score weights relative to their size. */
const SCORE_RATE = 5;

function rootMeanSquare(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum / Math.max(1, values.length));
}

/** One term of product tables, as values of the network. */
interface Part {
  readonly centroids: string;
  /** [N, B·rank, H, W] */
  readonly reconstructed: string;
  readonly factors: Factors;
  /** Values per centroid. */
  readonly rank: number;
}

/** A term of one layer. */
interface Product extends Omit<Part, 'factors'> {
  readonly weights: string;
}

/** Replaces Encode and LookUp nodes by pseudo-operators that can be differentiated. */
export class Rewriter {
  readonly parameters = new Map<string, ParameterOptions>();
  /** Initializers that must not be taken for weights. */
  readonly constants: string[] = [];
  readonly temperatures = new Map<string, string>();
  readonly layers: DeployedLayer[] = [];
  /** Pairs of a lookup layer's output and the dense layer's. */
  readonly reconstructions: Reconstruction[] = [];
  /** Parameters that fall steadily. */
  readonly annealed: string[] = [];
  private readonly replaced = new Map<Node, readonly Node[]>();
  private readonly initializers: Map<string, TensorValue>;
  private readonly names: UniqueNames;
  private nodes: Node[] = [];

  constructor(
    private readonly graph: Graph,
    private readonly options: ResolvedOptions,
    private readonly statistics: ReadonlyMap<string, LayerStatistics>,
  ) {
    this.initializers = new Map(graph.initializers);
    this.names = new UniqueNames(valueNames(graph));
    for (const { name } of graph.nodes) this.names.add(name);
  }

  encoding(encoding: Encoding): void {
    const { tables, straightThrough, quantized, extraRank } = this.options;
    this.nodes = [];
    const factors = factorize(encoding);
    const { hot, scores } = this.assign(encoding, encoding.node.inputs[0]!, factors);
    const columns = this.pseudo('Unfold', [encoding.node.inputs[0]!], windowAttributes(encoding.window));
    const parts: Part[] = [];
    if (tables === 'product') {
      parts.push(this.part(encoding, hot, factors, 'centroids', straightThrough ? columns : undefined));
      if (extraRank > 0) {
        parts.push(this.part(encoding, hot, extraFactors(encoding, factors, extraRank), 'extraCentroids', undefined));
      }
    }
    this.replaced.set(encoding.node, this.nodes);
    for (const [index, layer] of encoding.layers.entries()) {
      this.nodes = [];
      const offset = this.offset(layer);
      const names = { encoding, layer, offset, ...(scores ? { scores } : {}) };
      const window = windowAttributes(layer.layout.lookup);
      const output = layer.node.outputs[0]!;
      const products = parts.map(({ centroids, reconstructed, factors: { weights }, rank }) => {
        const name = this.weights(layer, rank, weights[index]!);
        return { weights: name, centroids, reconstructed, rank };
      });
      if (products.length > 0 && !quantized) {
        if (offset.kind === 'bias') this.convolutions(products, offset.bias, window, output);
        else this.normalized(this.convolutions(products, '', window), offset, output);
        this.layers.push({ ...names, tables: products });
      } else {
        const real = products.length > 0 ? this.sumOfProducts(encoding, layer, products) : this.tables(layer);
        const summed = this.pseudo('AddTables', [hot, this.fakeQuantized(real)], window);
        const dense = products[0]?.weights ?? this.denseWeights(layer);
        const carried = straightThrough
          ? this.pseudo('Surrogate', [summed, this.denseConv(columns, dense, window)])
          : summed;
        if (offset.kind === 'bias') {
          this.standard('Add', [carried, this.reshaped(offset.bias, [1, -1, 1, 1])], {}, output);
        } else this.normalized(carried, offset, output);
        this.layers.push({ ...names, tables: products.length > 0 ? products : real });
      }
      this.reconstruction(layer, columns, output);
      this.replaced.set(layer.node, this.nodes);
    }
  }

  /** A convolution of integers does not learn: it is computed with floats that hold the same integers. */
  quantizedConv(node: Node): void {
    this.nodes = [];
    const value = (index: number) =>
      Float32Array.from(this.graph.initializers.get(node.inputs[index]!)!.data as Int8Array);
    const fixed = (hint: string, dims: readonly number[], data: Float32Array) => {
      const name = this.store(`${node.name}.${hint}`, dims, data);
      this.constants.push(name);
      return name;
    };
    const zero = value(2)[0]!;
    const { dims } = this.graph.initializers.get(node.inputs[3]!)!;
    const perChannel = [1, dims[0]!, 1, 1];
    const ratio = this.standard('Div', [node.inputs[0]!, fixed('unit', [], value(1))]);
    const low = fixed('low', [], Float32Array.of(-zero));
    const high = fixed('high', [], Float32Array.of(MAX_ACTIVATION - zero));
    const levels = this.standard('Clip', [this.standard('Round', [ratio]), low, high]);
    const sums = this.standard('Conv', [levels, fixed('W', dims, value(3))], node.attributes);
    const scaled = this.standard('Mul', [sums, fixed('scale', perChannel, value(4))]);
    this.standard('Add', [scaled, fixed('bias', perChannel, value(5))], {}, node.outputs[0]!);
    this.replaced.set(node, this.nodes);
  }

  finish(): Graph {
    const nodes = this.graph.nodes.flatMap((node) => this.replaced.get(node) ?? [node]);
    const read = new Set([...nodes.flatMap(({ inputs }) => inputs), ...this.graph.outputs.map(({ name }) => name)]);
    const initializers = new Map([...this.initializers].filter(([name]) => read.has(name)));
    const { [LOOKUP_DOMAIN]: _, ...opset } = this.graph.opset;
    return { ...this.graph, opset: { ...opset, [TRAINING_DOMAIN]: 1 }, nodes, initializers };
  }

  /** One-hot codes, and the names of the scores where they learn. */
  private assign(encoding: Encoding, x: string, factors: Factors) {
    const { window, codebooks, centroids, scale, zeroPoint, search, node } = encoding;
    const attributes = { ...windowAttributes(window), K: centroids, group: codebooks, scale, zero_point: zeroPoint };
    if (search.kind === 'centroid') return this.assignNearest(encoding, search, x, attributes, factors);
    if (this.options.soft) {
      throw new LutraError('UNSUPPORTED', 'the decisions of a tree encoder have no softmax', {
        node: describeNode(node),
        hint: 'Train with a frozen encoder and the straight-through gradient',
      });
    }
    const features = this.vector(`${node.name}.features`, Array.from(search.features));
    const thresholds = this.store(
      `${node.name}.thresholds`,
      [codebooks, search.thresholds.length / codebooks],
      Float32Array.from(search.thresholds),
    );
    this.constants.push(thresholds);
    const hot = this.pseudo('AssignTree', [x, features, thresholds], attributes);
    return { hot: this.pseudo('StopGradient', [hot]), scores: undefined };
  }

  private assignNearest(
    encoding: Encoding,
    search: CentroidSearch,
    x: string,
    attributes: Node['attributes'],
    factors: Factors,
  ) {
    const { node, window, codebooks, centroids, channels } = encoding;
    const { encoder, soft } = this.options;
    const dims = [codebooks * centroids, channels, ...window.kernel];
    const weights = Float32Array.from(search.weights);
    const biases = Float32Array.from(search.biases);
    const Q = this.store(`${node.name}.Q`, dims, weights);
    const b = this.store(`${node.name}.b`, [dims[0]!], biases);
    const learned = encoder === 'learned';
    if (learned) {
      this.parameters.set(Q, { rate: SCORE_RATE * rootMeanSquare(weights), decay: 0 });
      this.parameters.set(b, { rate: SCORE_RATE * rootMeanSquare(biases), decay: 0 });
    } else this.constants.push(Q, b);
    const inputs = soft ? [x, Q, b, this.temperature(encoding, search, factors)] : [x, Q, b];
    const hot = this.pseudo('Assign', inputs, attributes);
    return {
      hot: soft ? hot : this.pseudo('StopGradient', [hot]),
      scores: learned ? { weights: Q, biases: b } : undefined,
    };
  }

  /** The value that holds the logarithm of the temperature. */
  private temperature(encoding: Encoding, search: CentroidSearch, factors: Factors): string {
    const { temperature, temperaturePer, temperatureRate, temperatureScale } = this.options;
    const each = initialTemperatures(encoding, search, factors.centroids).map((t) => Math.log(t * temperatureScale));
    const mean = each.reduce((sum, t) => sum + t, 0) / each.length;
    const values = temperaturePer === 'codebook' ? each : Float32Array.of(mean);
    const name = this.store(`${encoding.node.name}.logTemperature`, [values.length], values);
    this.temperatures.set(encoding.node.name, name);
    if (temperature === 'fixed') {
      this.constants.push(name);
      return name;
    }
    this.parameters.set(name, { rate: temperatureRate, decay: 0 });
    if (temperature === 'learned') return name;
    this.annealed.push(name);
    return this.pseudo('StopGradient', [name]);
  }

  /** Centroids as parameters, and what they make of the codes; `carrier` takes the gradient on to the input. */
  private part(encoding: Encoding, hot: string, factors: Factors, suffix: string, carrier: string | undefined): Part {
    const { codebooks, centroids: K, node } = encoding;
    const rank = factors.centroids.length / (codebooks * K);
    const dims = [codebooks, K, rank];
    const centroids = this.parameter(`${node.name}.${suffix}`, dims, factors.centroids, { decay: 0 }, true);
    const values = this.pseudo('Reconstruct', [hot, centroids]);
    return {
      centroids,
      reconstructed: carrier === undefined ? values : this.pseudo('Surrogate', [values, carrier]),
      factors,
      rank,
    };
  }

  /** Weights over the channels of a part, [M, B·rank, th, tw]. */
  private weights({ layout, node, site }: LookupLayer, rank: number, data: Float32Array): string {
    const dims = [site.outputChannels, layout.codebooks * rank, ...layout.lookup.kernel];
    return this.parameter(`${node.name}.weights`, dims, data, {}, true);
  }

  /** The dense layer's weights over the unfolded channels, [M, B·v, th, tw]. */
  private denseWeights(layer: LookupLayer): string {
    const { layout, node, site } = layer;
    const dims = [site.outputChannels, layout.codebooks * layout.values, ...layout.lookup.kernel];
    const name = this.store(`${node.name}.teacher`, dims, unfoldedWeights(layer));
    this.constants.push(name);
    return name;
  }

  /** Parameters of what follows a layer's sums. */
  private offset(layer: LookupLayer): Offset {
    const { name } = layer.node;
    const vector = (hint: string, data: Float32Array, how?: ParameterOptions) => {
      const hinted = `${name}.${hint}`;
      return how ? this.parameter(hinted, [data.length], data, how) : this.store(hinted, [data.length], data);
    };
    const statistics = this.statistics.get(name);
    const live = this.options.normalization === 'live' && layer.site.kind === 'conv';
    if (!statistics || !live) return { kind: 'bias', bias: vector('bias', layer.bias, { decay: 0 }) };
    const { scale, bias, mean, variance } = offsetValues(layer.bias, statistics);
    return {
      kind: 'normalized',
      scale: vector('normScale', scale, { decay: 0 }),
      bias: vector('normBias', bias, { decay: 0 }),
      mean: vector('normMean', mean),
      variance: vector('normVariance', variance),
    };
  }

  private normalized(sums: string, { scale, bias, mean, variance }: Offset & { kind: 'normalized' }, output: string) {
    this.standard('BatchNormalization', [sums, scale, bias, mean, variance], NORMALIZATION, output);
  }

  /** @param bias `''`: none. @param output name of the result */
  private convolutions(
    products: readonly Product[],
    bias: string,
    window: Node['attributes'],
    output?: string,
  ): string {
    const [first, ...others] = products as [Product, ...Product[]];
    const inputs = [first.reconstructed, first.weights, ...(bias ? [bias] : [])];
    let sum = this.standard('Conv', inputs, window, others.length === 0 ? output : undefined);
    others.forEach(({ reconstructed, weights }, i) => {
      const conv = this.standard('Conv', [reconstructed, weights], window);
      sum = this.standard('Add', [sum, conv], {}, i === others.length - 1 ? output : undefined);
    });
    return sum;
  }

  private sumOfProducts(encoding: Encoding, layer: LookupLayer, products: readonly Product[]): string {
    return products
      .map(({ weights, centroids, rank }) => this.multiply(encoding, layer, weights, centroids, rank))
      .reduce((sum, part) => this.standard('Add', [sum, part]));
  }

  private tables(layer: LookupLayer): string {
    const { layout, node } = layer;
    const dims = [layout.taps, layer.bias.length, layout.codebooks * layout.geometry.centroids];
    return this.parameter(`${node.name}.tables`, dims, realTables(layer), {}, true);
  }

  /** Tables from their factors, [taps, M, B·K]. */
  private multiply(
    { codebooks: B, centroids: K }: Encoding,
    { layout: { taps }, bias }: LookupLayer,
    weights: string,
    centroids: string,
    v: number,
  ): string {
    const M = bias.length;
    const split = this.transposed(this.reshaped(weights, [M, B, v, taps]), [1, 3, 0, 2]);
    const rows = this.reshaped(split, [B, taps * M, v]);
    const product = this.standard('MatMul', [rows, this.transposed(centroids, [0, 2, 1])]);
    const ordered = this.transposed(this.reshaped(product, [B, taps, M, K]), [1, 2, 0, 3]);
    return this.reshaped(ordered, [taps, M, B * K]);
  }

  private fakeQuantized(tables: string): string {
    const { quantized, bits } = this.options;
    return quantized ? this.pseudo('FakeQuantize', [tables], { bits }) : tables;
  }

  /** What carries the gradient to the layer's input: its weights as constants. */
  private denseConv(columns: string, weights: string, window: Node['attributes']): string {
    return this.standard('Conv', [columns, this.pseudo('StopGradient', [weights])], window);
  }

  private reconstruction(layer: LookupLayer, columns: string, output: string): void {
    if (this.options.reconstruction === 0) return;
    const { layout, node, site } = layer;
    const weights = this.denseWeights(layer);
    const bias = this.store(`${node.name}.teacherBias`, [site.bias.length], Float32Array.from(site.bias));
    this.constants.push(bias);
    const dense = this.standard('Conv', [columns, weights, bias], windowAttributes(layout.lookup));
    const spread = rootMeanSquare(site.weight) ** 2 * layout.codebooks * layout.values * layout.taps;
    this.reconstructions.push({ lookup: output, dense, variance: spread || 1 });
  }

  private parameter(
    hint: string,
    dims: readonly number[],
    data: Float32Array,
    how: ParameterOptions,
    relative = false,
  ): string {
    const name = this.store(hint, dims, data);
    const rate = relative ? Math.max(0.1, rootMeanSquare(data) / REFERENCE) : 1;
    this.parameters.set(name, { ...how, rate });
    return name;
  }

  private store(hint: string, dims: readonly number[], data: Float32Array): string {
    const name = this.names.make(hint);
    this.initializers.set(name, { type: 'float32', dims, data });
    return name;
  }

  private vector(hint: string, values: readonly number[]): string {
    const name = this.names.make(hint);
    this.initializers.set(name, { type: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) });
    return name;
  }

  private reshaped(x: string, dims: readonly number[]): string {
    return this.standard('Reshape', [x, this.vector('shape', dims)]);
  }

  private transposed(x: string, perm: readonly number[]): string {
    return this.standard('Transpose', [x], { perm });
  }

  private pseudo(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    return this.add(op, TRAINING_DOMAIN, inputs, attributes);
  }

  private standard(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    output?: string,
  ): string {
    return this.add(op, '', inputs, attributes, output);
  }

  private add(
    op: string,
    domain: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
    output?: string,
  ): string {
    const name = this.names.make(op);
    const made = output ?? this.names.make(`${op} output`);
    this.nodes.push({ name, op, domain, inputs, outputs: [made], attributes });
    return made;
  }
}
