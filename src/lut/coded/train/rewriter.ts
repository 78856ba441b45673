import { LutraError } from '../../../errors.js';
import type { Node } from '../../../graph/types.js';
import { describeNode } from '../../../ops/operator.js';
import { rootMeanSquare, type TrainingWriter } from '../../training-writer.js';
import { windowAttributes } from '../../window.js';
import type { DeployedLayer } from './deploy.js';
import { factorize, realTables, unfoldedWeights } from './factors.js';
import type { CentroidSearch, EncoderLayer, LookupLayer } from './layers.js';
import { type LayerStatistics, NORMALIZATION, type Offset, offsetValues } from './offset.js';
import type { ResolvedOptions } from './options.js';
import { initialTemperature } from './temperature.js';

/** Learning rate of score weights relative to their size. */
const SCORE_RATE = 5;
/** Factor of the learning rate of the logarithm of a temperature. */
const TEMPERATURE_RATE = 10;

/** The codes of an encoder and what is made of them, as values of the network. */
interface Codes {
  /** One-hot codes [N, B, K, H, W]. */
  readonly hot: string;
  /** Score weights and biases, where they learn. */
  readonly scores: DeployedLayer['scores'];
  /** The input under the encoder's window, which carries the gradient on to it; undefined where the softmax does. */
  readonly columns: string | undefined;
  /** Product tables: centroids [B, K, v], the input as the codes see it [N, B·v, H, W], and the first weights of every layer. */
  readonly product?: {
    readonly centroids: string;
    readonly decoded: string;
    readonly weights: readonly Float32Array[];
  };
}

/** Train stage of coded activations: replaces Encode and LookUp nodes by pseudo-operators that can be differentiated. */
export class CodedRewriter {
  /** Parameters with the logarithm of a temperature, by the name of the encoder. */
  readonly temperatures = new Map<string, string>();
  readonly layers: DeployedLayer[] = [];

  constructor(
    private readonly writer: TrainingWriter,
    private readonly options: ResolvedOptions,
    private readonly statistics: ReadonlyMap<string, LayerStatistics>,
  ) {}

  /** Replaces an encoder and the lookup layers that read its codes. */
  rewrite(encoder: EncoderLayer): void {
    const codes = this.writer.replace(encoder.node, () => this.encode(encoder));
    encoder.layers.forEach((layer, index) => {
      this.writer.replace(layer.node, () => this.lookUp(encoder, codes, layer, index));
    });
  }

  private encode(encoder: EncoderLayer): Codes {
    const { writer } = this;
    const { node, input, window, codebooks: B, centroids: K, values: v } = encoder;
    const learned = this.options.encoder === 'learned';
    const product = this.options.tables === 'product';
    const factors = product || learned ? factorize(encoder) : undefined;
    const { hot, scores } =
      encoder.search.kind === 'tree'
        ? { hot: this.assignByTree(encoder), scores: undefined }
        : this.assignByScore(encoder, encoder.search, factors?.centroids);
    const columns = learned ? undefined : writer.pseudo('Unfold', [input], windowAttributes(window));
    const common = { hot, columns, scores };
    if (!product) return common;
    const centroids = writer.scaledParameter(`${node.name}.centroids`, [B, K, v], factors!.centroids, { decay: 0 });
    const values = writer.pseudo('Reconstruct', [hot, centroids]);
    const decoded = columns === undefined ? values : writer.pseudo('Surrogate', [values, columns]);
    return { ...common, product: { centroids, decoded, weights: factors!.weights } };
  }

  private lookUp(encoder: EncoderLayer, codes: Codes, layer: LookupLayer, index: number): void {
    const { writer } = this;
    const { node, layout } = layer;
    const { product, columns, hot, scores } = codes;
    const offset = this.offset(layer);
    const window = windowAttributes(layout.lookup);
    const weights =
      product && writer.scaledParameter(`${node.name}.weights`, weightDims(layer), product.weights[index]!);
    const tables = product
      ? { weights: weights!, centroids: product.centroids }
      : writer.scaledParameter(`${node.name}.tables`, tableDims(layer), realTables(layer));
    this.layers.push({ encoder, layer, offset, tables, scores });

    const { quantized, bits } = this.options;
    const output = node.outputs[0]!;
    if (product && !quantized) {
      const bias = offset.kind === 'bias' ? [offset.bias] : [];
      const sums = writer.standard('Conv', [product.decoded, weights!, ...bias], window, bias[0] && output);
      if (offset.kind === 'normalized') this.normalize(sums, offset, output);
      return;
    }
    const real = typeof tables === 'string' ? tables : this.multiply(layer, tables.weights, tables.centroids);
    const rounded = quantized ? writer.pseudo('FakeQuantize', [real], { bits }) : real;
    const looked = writer.pseudo('AddTables', [hot, rounded], window);
    const sums = columns === undefined ? looked : this.carried(looked, columns, layer, weights, window);
    if (offset.kind === 'normalized') this.normalize(sums, offset, output);
    else writer.standard('Add', [sums, writer.reshaped(offset.bias, [1, -1, 1, 1])], {}, output);
  }

  /** One-hot codes of a tree, which no gradient passes. */
  private assignByTree(encoder: EncoderLayer): string {
    const { writer } = this;
    const { node, input, codebooks, search } = encoder;
    if (search.kind !== 'tree' || this.options.encoder === 'learned') {
      throw new LutraError('UNSUPPORTED', 'the decisions of a tree encoder have no softmax', {
        node: describeNode(node),
        hint: 'Train with a frozen encoder',
      });
    }
    const features = writer.vector(`${node.name}.features`, Array.from(search.features));
    const dims = [codebooks, search.thresholds.length / codebooks];
    const thresholds = writer.fixed(`${node.name}.thresholds`, dims, Float32Array.from(search.thresholds));
    const hot = writer.pseudo('AssignTree', [input, features, thresholds], assignment(encoder));
    return writer.pseudo('StopGradient', [hot]);
  }

  /** One-hot codes of the highest scores, and the names of the scores where they learn. */
  private assignByScore(encoder: EncoderLayer, search: CentroidSearch, centroids: Float32Array | undefined) {
    const { writer } = this;
    const { node, input, window, codebooks, centroids: K, channels } = encoder;
    const dims = [codebooks * K, channels, ...window.kernel];
    const weights = Float32Array.from(search.weights);
    const biases = Float32Array.from(search.biases);
    const names = { weights: `${node.name}.Q`, biases: `${node.name}.b` };
    if (this.options.encoder === 'frozen') {
      const fixed = [writer.fixed(names.weights, dims, weights), writer.fixed(names.biases, [dims[0]!], biases)];
      const hot = writer.pseudo('Assign', [input, ...fixed], assignment(encoder));
      return { hot: writer.pseudo('StopGradient', [hot]), scores: undefined };
    }
    const learned = (hint: string, shape: readonly number[], data: Float32Array) =>
      writer.parameter(hint, shape, data, { rate: SCORE_RATE * rootMeanSquare(data), decay: 0 });
    const scores = {
      weights: learned(names.weights, dims, weights),
      biases: learned(names.biases, [dims[0]!], biases),
    };
    const start = Float32Array.of(Math.log(initialTemperature(encoder, search, centroids!)));
    const how = { rate: TEMPERATURE_RATE, decay: 0 };
    const temperature = writer.parameter(`${node.name}.logTemperature`, [1], start, how);
    this.temperatures.set(node.name, temperature);
    const inputs = [input, scores.weights, scores.biases, temperature];
    return { hot: writer.pseudo('Assign', inputs, assignment(encoder)), scores };
  }

  /** Parameters of what follows a layer's sums. */
  private offset({ node: { name }, bias: own, dense }: LookupLayer): Offset {
    const { writer } = this;
    const learned = (hint: string, data: Float32Array) =>
      writer.parameter(`${name}.${hint}`, [data.length], data, { decay: 0 });
    const running = (hint: string, data: Float32Array) => writer.store(`${name}.${hint}`, [data.length], data);
    const statistics = this.statistics.get(name);
    const live = this.options.normalization === 'live' && dense.kind === 'conv';
    if (!statistics || !live) return { kind: 'bias', bias: learned('bias', own) };
    const { scale, bias, mean, variance } = offsetValues(own, statistics);
    return {
      kind: 'normalized',
      scale: learned('normScale', scale),
      bias: learned('normBias', bias),
      mean: running('normMean', mean),
      variance: running('normVariance', variance),
    };
  }

  private normalize(sums: string, { scale, bias, mean, variance }: Offset & { kind: 'normalized' }, output: string) {
    this.writer.standard('BatchNormalization', [sums, scale, bias, mean, variance], NORMALIZATION, output);
  }

  /** Tables from their factors, [taps, M, B·K]. */
  private multiply({ layout, bias }: LookupLayer, weights: string, centroids: string): string {
    const { writer } = this;
    const { taps, codebooks: B, values: v, geometry } = layout;
    const K = geometry.centroids;
    const M = bias.length;
    const split = writer.transposed(writer.reshaped(weights, [M, B, v, taps]), [1, 3, 0, 2]);
    const rows = writer.reshaped(split, [B, taps * M, v]);
    const product = writer.standard('MatMul', [rows, writer.transposed(centroids, [0, 2, 1])]);
    const ordered = writer.transposed(writer.reshaped(product, [B, taps, M, K]), [1, 2, 0, 3]);
    return writer.reshaped(ordered, [taps, M, B * K]);
  }

  /** The sums, with the gradient that a dense layer hands to its input. @param weights where they learn; those of the dense layer else */
  private carried(
    sums: string,
    columns: string,
    layer: LookupLayer,
    weights: string | undefined,
    window: Node['attributes'],
  ): string {
    const { writer } = this;
    const constant = weights ?? writer.fixed(`${layer.node.name}.dense`, weightDims(layer), unfoldedWeights(layer));
    const dense = writer.standard('Conv', [columns, writer.pseudo('StopGradient', [constant])], window);
    return writer.pseudo('Surrogate', [sums, dense]);
  }
}

/** [taps, M, B·K] */
function tableDims({ layout, bias }: LookupLayer): number[] {
  return [layout.taps, bias.length, layout.codebooks * layout.geometry.centroids];
}

/** Weights over the channels under the encoder's window, [M, B·v, th, tw]. */
function weightDims({ dense, layout }: LookupLayer): number[] {
  return [dense.outputChannels, layout.codebooks * layout.values, ...layout.lookup.kernel];
}

/** Attributes of Assign and AssignTree. */
function assignment({ window, centroids, codebooks, scale, zeroPoint }: EncoderLayer): Node['attributes'] {
  return { ...windowAttributes(window), K: centroids, group: codebooks, scale, zero_point: zeroPoint };
}
