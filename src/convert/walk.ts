import { tensorValue } from '../graph/tensor.js';
import { UniqueNames, valueNames } from '../graph/topology.js';
import type { Graph, Node, TensorValue } from '../graph/types.js';
import type { ActivationScale } from '../lut/activation.js';
import { chooseGeometry } from '../lut/coded/fit/choose.js';
import type { Codebooks } from '../lut/coded/fit/codebooks.js';
import { encodeNode, fitCodebooks } from '../lut/coded/fit/codebooks.js';
import { encodeSamples } from '../lut/coded/fit/encode.js';
import { fitLayer, type LayerSamples, lookUpNode } from '../lut/coded/fit/fit-layer.js';
import type { CodebookLayout, Geometry } from '../lut/coded/fit/geometry.js';
import { layoutCodebooks, outputSize, weightSlice } from '../lut/coded/fit/geometry.js';
import type { FitKernels } from '../lut/coded/fit/kernels.js';
import { canQuantize, quantizedConvNode } from '../lut/integer/fit.js';
import type { DenseLayer } from './dense-layers.js';
import { gatherPoints, gatherVectors, imageCount, type Planes, quantizePlanes, scaleOf } from './gather.js';
import { planesOf } from './live-planes.js';
import { integerStem } from './options.js';
import type { Checkpoint } from './progress.js';
import type { Random } from './random.js';
import { sampleIndices, seededRandom } from './random.js';
import { findRectifier } from './rectifier.js';
import { canRefit, denseNode, refitDense, refitPositions } from './refit-dense.js';
import type { Frontier, LiveValues } from './segment.js';
import { neededFrom, runNodes } from './segment.js';
import type { ConvertOptions, Objective } from './types.js';

/** Sub-vectors that a codebook learns from. */
const CODEBOOK_POINTS = 4096;
const LLOYD_ITERATIONS = 12;
/** Output positions that a table is fitted to: so many per row, within a limit that memory and time set. */
const POSITIONS_PER_ROW = 128;
const TABLE_POSITIONS: Readonly<Record<Objective, number>> = { speed: 32768, balanced: 32768, accuracy: 131072 };
const HELD_OUT_POSITIONS = 4096;
const DEFAULT_LAMBDA = 0.03;

/** What became of one layer. */
export interface ConvertedLayer {
  readonly site: DenseLayer;
  readonly layout: CodebookLayout;
  readonly sharedCodes: boolean;
  readonly relativeError: number;
}

/** Codes that later layers may share. */
interface Encoding {
  readonly layout: CodebookLayout;
  readonly books: Codebooks;
  readonly nodes: readonly Node[];
  readonly codes: string;
}

interface Plan {
  readonly layout: CodebookLayout;
  /** Layers with equal keys share codes. */
  readonly key: string;
}

/**
 * One pass over the network: replaces the given layers in order, each fitted to the dense network's outputs with inputs from the part
 * already replaced.
 */
export class Walk {
  /** Nodes of the converted graph so far. */
  readonly nodes: Node[] = [];
  readonly initializers = new Map<string, TensorValue>();
  readonly converted: ConvertedLayer[] = [];
  #dense: Frontier;
  #lookup: Frontier;
  #position = 0;
  readonly #names: UniqueNames;
  readonly #scales = new Map<string, ActivationScale>();
  readonly #plans = new Map<DenseLayer, Plan>();
  readonly #encodings = new Map<string, Encoding>();
  readonly #shapes = new Map<string, string>();
  readonly #random: Random;

  /**
   * @param kernels shared by the layers, which use them one after the other
   * @param graph simplified
   * @param sites layers to replace, in order
   * @param dense layers that stay; refitted where they follow a replaced one
   * @param fitShare 0..1, the part of the examples (from the first) to fit on; the rest measures
   * @param geometries of layers that are decided already
   */
  constructor(
    private readonly kernels: FitKernels,
    private readonly graph: Graph,
    private readonly sites: readonly DenseLayer[],
    private readonly dense: readonly DenseLayer[],
    batches: readonly LiveValues[],
    private readonly fitShare: number,
    private readonly options: ConvertOptions,
    private readonly geometries: ReadonlyMap<DenseLayer, Geometry> = new Map(),
  ) {
    this.#dense = { batches };
    this.#lookup = this.#dense;
    const names = valueNames(graph);
    for (const node of graph.nodes) names.add(node.name);
    this.#names = new UniqueNames(names);
    this.#random = seededRandom(options.seed ?? 1);
  }

  /** Runs both networks up to the input of `site`, then replaces it. @returns its relative error */
  async convert(site: DenseLayer, checkpoint: Checkpoint): Promise<ConvertedLayer> {
    await this.#advance(site.index, (f) => checkpoint(f * 0.1));
    const fit = (f: number) => checkpoint(0.15 + 0.8 * f);
    const input = this.#quantized(site);
    const { layout, key } = await this.#plan(site, input, fit);
    let encoding = this.#encodings.get(key);
    const sharedCodes = encoding !== undefined;
    if (!encoding) {
      encoding = await this.#encode(site, layout, key, input, fit);
      this.#encodings.set(key, encoding);
      this.nodes.push(...encoding.nodes);
    }

    const keep = neededFrom(this.graph, site.index).add(site.output);
    this.#dense = await runNodes(this.graph, [site.node], this.#dense, keep, () => checkpoint(0.5));
    const output = planesOf(this.#dense, site, site.output, site.outputChannels);
    const sample = (from: number, to: number, count: number): LayerSamples => {
      const positions = this.#positions(output, from, to, count);
      const codes = encodeSamples(input, output, layout, encoding.books, positions);
      return { codes, ...this.#targets(site, output, positions) };
    };
    const rows = layout.codebooks * layout.taps * layout.geometry.centroids;
    const training = sample(
      0,
      this.fitShare,
      Math.min(TABLE_POSITIONS[this.options.optimize ?? 'balanced'], POSITIONS_PER_ROW * rows),
    );
    const heldOut = sample(this.fitShare, 1, HELD_OUT_POSITIONS);
    const { lambda = DEFAULT_LAMBDA, normalize = true } = this.options;
    const how = { lambda, normalize: normalize && !this.#plain, regression: !this.#plain };
    const fitted = await fitLayer(this.kernels, site, layout, encoding.books.centroids, training, heldOut, how, fit);

    const lookups = this.#lookUpNodes(site, layout, fitted.table, encoding.codes, this.#dense.batches[0]!);
    this.nodes.push(...lookups);
    const needed = neededFrom(this.graph, site.index + 1);
    const replacement = [...encoding.nodes, ...lookups];
    this.#lookup = await runNodes(
      this.graph,
      replacement,
      this.#lookup,
      needed,
      () => checkpoint(0.98),
      this.initializers,
    );
    this.#dense = await runNodes(this.graph, [], this.#dense, needed, () => undefined);
    this.#position = site.index + 1;
    const layer = { site, layout, sharedCodes, relativeError: fitted.relativeError };
    this.converted.push(layer);
    return layer;
  }

  /** Runs what follows the last layer. @returns the outputs of both networks, batch by batch */
  async finish(checkpoint: Checkpoint): Promise<{ readonly dense: Frontier; readonly lookup: Frontier }> {
    await this.#advance(this.graph.nodes.length, checkpoint);
    return { dense: this.#dense, lookup: this.#lookup };
  }

  async #advance(index: number, checkpoint: Checkpoint): Promise<void> {
    for (const site of this.dense) {
      if (site.index < this.#position || site.index >= index) continue;
      const refits = this.options.refitDense !== false && !this.#plain && this.converted.length > 0 && canRefit(site);
      const quantizes = site.first && integerStem(this.options) && canQuantize(site);
      if (!refits && !quantizes) continue;
      await this.#run(site.index, checkpoint);
      await (quantizes ? this.#quantize(site, checkpoint) : this.#refit(site, checkpoint));
    }
    await this.#run(index, checkpoint);
  }

  /** Fits a layer that stays dense to the outputs that it has in the dense network. */
  async #refit(site: DenseLayer, checkpoint: Checkpoint): Promise<void> {
    const keep = neededFrom(this.graph, site.index).add(site.output);
    this.#dense = await runNodes(this.graph, [site.node], this.#dense, keep, checkpoint);
    const output = planesOf(this.#dense, site, site.output, site.outputChannels);
    const positions = this.#positions(output, 0, this.fitShare, refitPositions(site));
    const input = planesOf(this.#lookup, site, site.input, site.inputChannels);
    const { targets } = this.#targets(site, output, positions);
    const node = denseNode(
      site,
      refitDense(site, input, targets, positions),
      this.#names.make.bind(this.#names),
      this.initializers,
    );
    await this.#replace(site, node, checkpoint);
  }

  /** Computes a layer that stays dense in integers. */
  async #quantize(site: DenseLayer, checkpoint: Checkpoint): Promise<void> {
    const scale = scaleOf(planesOf(this.#lookup, site, site.input, site.inputChannels));
    const node = quantizedConvNode(site, scale, this.#name(`${site.node.name}/QuantizedConv`), this.initializers);
    const keep = neededFrom(this.graph, site.index + 1).add(site.input);
    this.#dense = await runNodes(this.graph, [site.node], this.#dense, keep, checkpoint);
    await this.#replace(site, node, checkpoint);
  }

  /** Puts `node` in the place of a layer whose dense output is computed already. */
  async #replace(site: DenseLayer, node: Node, checkpoint: Checkpoint): Promise<void> {
    this.nodes.push(node);
    const needed = neededFrom(this.graph, site.index + 1);
    this.#lookup = await runNodes(this.graph, [node], this.#lookup, needed, checkpoint, this.initializers);
    this.#dense = await runNodes(this.graph, [], this.#dense, needed, () => undefined);
    this.#position = site.index + 1;
  }

  async #run(index: number, checkpoint: Checkpoint): Promise<void> {
    const between = this.graph.nodes.slice(this.#position, index);
    const keep = neededFrom(this.graph, index);
    const same = this.#lookup === this.#dense;
    this.#dense = await runNodes(this.graph, between, this.#dense, keep, (f) => checkpoint(f / 2));
    // Before the first replaced layer the two networks are one.
    this.#lookup = same
      ? this.#dense
      : await runNodes(this.graph, between, this.#lookup, keep, (f) => checkpoint(0.5 + f / 2));
    this.nodes.push(...between);
    this.#position = index;
  }

  /** The layer's input in the converted network as Encode quantizes it; one scale for all layers that read the same value. */
  #quantized(site: DenseLayer): Planes<Int8Array> {
    const input = planesOf(this.#lookup, site, site.input, site.inputChannels);
    let scale = this.#scales.get(site.input);
    if (!scale) {
      scale = scaleOf(input);
      this.#scales.set(site.input, scale);
    }
    return quantizePlanes(input, scale);
  }

  /** Decides how all layers that read this layer's input are cut into codebooks, so that they share codes where they can. */
  async #plan(site: DenseLayer, input: Planes<Int8Array>, checkpoint: Checkpoint): Promise<Plan> {
    const known = this.#plans.get(site);
    if (known) return known;
    const group = this.sites.filter((other) => other.input === site.input);
    const images = Math.max(1, Math.floor(imageCount(input) * this.fitShare));
    const scale = this.#scales.get(site.input)!;
    const shared = new Set<string>();
    const pixelKey = (channels: number, K: number) => `${channels},${K}`;
    for (const member of [...group].sort(
      (a, b) => b.window.kernel[0] * b.window.kernel[1] - a.window.kernel[0] * a.window.kernel[1],
    )) {
      const geometry =
        this.geometries.get(member) ??
        (await chooseGeometry(member, this.options, input, images, scale, this.#random, checkpoint));
      let layout = layoutCodebooks(member, geometry);
      if (member.kind === 'conv' && geometry.kind === 'pixel') {
        const pixel = pixelKey(geometry.channels, geometry.centroids);
        if (layout.taps > 1) shared.add(pixel);
        else if (shared.has(pixel)) layout = layoutCodebooks(member, geometry, true);
      }
      const key = JSON.stringify([site.input, layout.geometry.channels, layout.geometry.centroids, layout.encode]);
      this.#plans.set(member, { layout, key });
    }
    return this.#plans.get(site)!;
  }

  async #encode(
    site: DenseLayer,
    layout: CodebookLayout,
    key: string,
    input: Planes<Int8Array>,
    checkpoint: Checkpoint,
  ): Promise<Encoding> {
    const [codeHeight, codeWidth] = outputSize(layout.encode, input.height, input.width);
    const images = Math.max(1, Math.floor(imageCount(input) * this.fitShare));
    const positions = sampleIndices(images * codeHeight * codeWidth, CODEBOOK_POINTS, this.#random);
    const scale = this.#scales.get(site.input)!;
    const seen = this.#plain
      ? quantizePlanes(planesOf(this.#dense, site, site.input, site.inputChannels), scale)
      : input;
    const points = gatherPoints(seen, layout, codeHeight, codeWidth, positions);
    const readers = this.sites.filter((other) => this.#plans.get(other)?.key === key);
    // Without slices the metric is Euclidean.
    const metricReaders = this.#plain ? [] : readers;
    const slices = (codebook: number) =>
      metricReaders.flatMap((reader) => {
        const own = this.#plans.get(reader)!.layout;
        return Array.from({ length: own.taps }, (_, tap) => weightSlice(reader, own, codebook, tap));
      });
    const kind = this.options.encoder ?? 'centroid';
    const books = await fitCodebooks(points, slices, layout, kind, scale, LLOYD_ITERATIONS, this.#random, checkpoint);
    const nodes: Node[] = [];
    let source = site.input;
    if (site.kind === 'linear')
      source = this.#reshape(`${site.node.name}/rows`, source, [-1, site.inputChannels, 1, 1], nodes);
    const name = this.#name(`${site.node.name}/${kind === 'tree' ? 'EncodeTree' : 'Encode'}`);
    const codes = this.#name(`${name}.codes`);
    nodes.push(encodeNode(books, layout, name, source, codes, this.initializers));
    return { layout, books, nodes, codes };
  }

  /** What the layer should give at sampled positions, and what a rectifier behind it would see in the dense network. */
  #targets(
    site: DenseLayer,
    output: Planes<Float32Array>,
    positions: Uint32Array,
  ): Pick<LayerSamples, 'targets' | 'rectified'> {
    const targets = gatherVectors(output, positions);
    const rectifier = site.kind === 'conv' ? findRectifier(this.graph, site) : undefined;
    if (!rectifier) return { targets };
    const { skip } = rectifier;
    if (skip === undefined) return { targets, rectified: targets };
    const alike = (frontier: Frontier) =>
      frontier.batches.every((live) => String(live.get(skip)?.dims) === String(live.get(site.output)?.dims));
    if (!alike(this.#dense)) return { targets };
    const added = (frontier: Frontier) => gatherVectors(planesOf(frontier, site, skip, site.outputChannels), positions);
    const rectified = added(this.#dense);
    for (let i = 0; i < rectified.length; i++) rectified[i]! += targets[i]!;
    const converted = added(this.#lookup);
    return { targets: rectified.map((value, i) => value - converted[i]!), rectified };
  }

  #lookUpNodes(
    site: DenseLayer,
    layout: CodebookLayout,
    table: Parameters<typeof lookUpNode>[0],
    codes: string,
    dense: LiveValues,
  ): Node[] {
    const name = this.#name(`${site.node.name}/LookUp`);
    if (site.kind === 'conv') return [lookUpNode(table, layout, name, codes, site.output, this.initializers)];
    const rows = this.#name(`${name}.rows`);
    const nodes = [lookUpNode(table, layout, name, codes, rows, this.initializers)];
    // The first dimension follows the number of rows; the others are as the calibration data showed them.
    const { dims } = dense.get(site.output)!;
    this.#reshape(`${site.node.name}/shape`, rows, [-1, ...dims.slice(1)], nodes, site.output);
    return nodes;
  }

  #reshape(hint: string, input: string, dims: readonly number[], nodes: Node[], output?: string): string {
    const name = this.#name(hint);
    const key = dims.join(',');
    let shape = this.#shapes.get(key);
    if (!shape) {
      shape = this.#name(`${name}.dims`);
      this.#shapes.set(key, shape);
      this.initializers.set(shape, tensorValue('int64', [dims.length], BigInt64Array.from(dims, BigInt)));
    }
    const result = output ?? this.#name(`${name}.out`);
    nodes.push({ name, op: 'Reshape', domain: '', inputs: [input, shape], outputs: [result], attributes: {} });
    return result;
  }

  get #plain(): boolean {
    return this.options.recipe === 'plain';
  }

  #name(hint: string): string {
    return this.#names.make(hint);
  }

  /** Random output positions of the examples in [from, to), as shares of all. */
  #positions(output: Planes<Float32Array>, from: number, to: number, count: number): Uint32Array {
    const images = imageCount(output);
    const area = output.height * output.width;
    const begin = Math.min(images - 1, Math.floor(images * from)) * area;
    const end = Math.max(begin + area, Math.floor(images * to) * area);
    return sampleIndices(end - begin, count, this.#random).map((position) => position + begin);
  }
}
