import type { DenseLayer } from '../../../convert/dense-layers.js';
import type { FamilyFit, FitPass, Replacement } from '../../../convert/family-fit.js';
import { imageCount, type Planes, samplePositions } from '../../../convert/gather.js';
import type { Progress } from '../../../convert/progress.js';
import { sampleIndices } from '../../../convert/random.js';
import { surveyLayers } from '../../../convert/survey.js';
import type { Objective } from '../../../convert/types.js';
import { tensorValue } from '../../../graph/tensor.js';
import type { Node, TensorValue } from '../../../graph/types.js';
import { outputSize } from '../../window.js';
import { LOOK_UP } from '../spec.js';
import { geometriesWithin } from './budget.js';
import { candidateGeometries, chooseGeometry, estimateGeometries, type InputSample } from './choose.js';
import { type Codebooks, encodeNode, encoderSpec, fitCodebooks } from './codebooks.js';
import { layerCost } from './cost-model.js';
import { fitLayer, type LayerSamples, lookUpNode } from './fit-layer.js';
import { type CodebookLayout, type Geometry, layoutCodebooks, weightSlice } from './geometry.js';
import { FitKernels } from './kernels.js';
import { gatherPoints, quantizePoints } from './points.js';
import { sampleRows } from './samples.js';

/** Sub-vectors that a codebook learns from. */
const CODEBOOK_POINTS = 4096;
const LLOYD_ITERATIONS = 12;
/** Output positions that a table is fitted to: so many per row, within a limit that memory and time set. */
const POSITIONS_PER_ROW = 128;
const TABLE_POSITIONS: Readonly<Record<Objective, number>> = { speed: 32768, balanced: 32768, accuracy: 131072 };
const HELD_OUT_POSITIONS = 4096;

/** Codes that later layers may share. */
interface SharedCodes {
  readonly books: Codebooks;
  /** Name of the codes. */
  readonly name: string;
  /** As the kernels compute them. */
  readonly codes: Planes<Uint8Array>;
}

interface LayerLayout {
  readonly layout: CodebookLayout;
  /** Layers with equal keys share codes. */
  readonly key: string;
}

/** The fit stage of coded activations: codebooks, then tables, layer by layer. */
export const CODED_FIT: FamilyFit = {
  name: 'coded',
  accepts: () => true,
  cost(layer, size, options) {
    const costs = candidateGeometries(layer, options).map((geometry) =>
      layerCost(layer, layoutCodebooks(layer, geometry), options.encoder ?? 'centroid', size),
    );
    return costs.reduce((best, next) => (next.nanoseconds < best.nanoseconds ? next : best));
  },
  async survey(layer, sample, options, random, progress) {
    const { encoder = 'centroid' } = options;
    const estimates = await estimateGeometries(layer, options, sample, random, progress);
    return estimates.map(({ geometry, error }) => ({
      form: describeForm(geometry, false),
      // Of one example: the planes of a linear layer are single rows.
      cost: layerCost(layer, layoutCodebooks(layer, geometry), encoder, sample.size),
      relativeError: error / sample.variance,
      geometry,
    }));
  },
  async begin(pass, progress) {
    const fit = new CodedFit(pass, await FitKernels.create(), await geometriesTogether(pass, progress));
    return (layer, layerProgress) => fit.replace(layer, layerProgress);
  },
};

/** Geometries that depend on each other: of a plan, or since together they must not exceed a size. */
async function geometriesTogether(pass: FitPass, progress: Progress): Promise<ReadonlyMap<DenseLayer, Geometry>> {
  const { maxBytes, optimize = 'balanced' } = pass.options;
  if (pass.planned.size > 0 || maxBytes === undefined) {
    return new Map([...pass.planned].flatMap(([layer, { geometry }]) => (geometry ? [[layer, geometry]] : [])));
  }
  const surveyed = await surveyLayers(pass, () => [CODED_FIT], progress);
  const choices = new Map(
    [...surveyed].map(([layer, forms]) => [
      layer,
      forms.map(({ geometry, cost, relativeError }) => ({
        geometry: geometry!,
        time: cost.nanoseconds,
        bytes: cost.tableBytes,
        relativeError,
      })),
    ]),
  );
  return geometriesWithin(pass.graph, pass.layers, choices, maxBytes, optimize);
}

function describeForm({ kind, channels, centroids }: Geometry, sharedCodes: boolean): string {
  const size = kind === 'linear' ? `${channels} inputs` : `${kind} of ${channels} channel${channels === 1 ? '' : 's'}`;
  return `${size}, ${centroids} centroids${sharedCodes ? ', codes shared' : ''}`;
}

class CodedFit {
  readonly #layouts = new Map<DenseLayer, LayerLayout>();
  readonly #shared = new Map<string, SharedCodes>();
  /** Names of the shapes that Reshape nodes read. */
  readonly #shapes = new Map<string, string>();
  /** Nodes and constants of the layer at work. */
  #nodes: Node[] = [];
  #initializers = new Map<string, TensorValue>();

  /**
   * @param kernels shared by the layers, which use them one after the other
   * @param geometries of layers that are decided already
   */
  constructor(
    private readonly pass: FitPass,
    private readonly kernels: FitKernels,
    private readonly geometries: ReadonlyMap<DenseLayer, Geometry>,
  ) {}

  async replace(layer: DenseLayer, progress: Progress): Promise<Replacement> {
    const { pass, kernels } = this;
    const { options, fitShare, random } = pass;
    this.#nodes = [];
    this.#initializers = new Map();
    const { layout, key } = await this.#layoutOf(layer, progress);
    const readers = pass.layers.filter((other) => this.#layouts.get(other)?.key === key);
    const sharedCodes = this.#shared.has(key);
    const shared = this.#shared.get(key) ?? (await this.#encode(layer, layout, readers, progress));
    if (layer === readers.at(-1)) this.#shared.delete(key);
    else this.#shared.set(key, shared);

    const output = pass.output(layer);
    const sample = (from: number, to: number, count: number): LayerSamples => {
      const positions = samplePositions(output, from, to, count, random);
      return { codes: sampleRows(shared.codes, output, layout, positions), ...pass.targets(layer, positions) };
    };
    const rows = layout.codebooks * layout.taps * layout.geometry.centroids;
    const most = TABLE_POSITIONS[options.optimize ?? 'balanced'];
    const training = sample(0, fitShare, Math.min(most, POSITIONS_PER_ROW * rows));
    const heldOut = sample(fitShare, 1, HELD_OUT_POSITIONS);
    const { centroids } = shared.books;
    const { table, relativeError } = await fitLayer(kernels, layer, layout, centroids, training, heldOut, progress);

    const name = pass.name(`${layer.node.name}/${LOOK_UP.name}`);
    const linear = layer.kind === 'linear';
    const sums = linear ? pass.name(`${name}.rows`) : layer.output;
    this.#nodes.push(lookUpNode(table, layout, name, shared.name, sums, this.#initializers));
    // The first dimension follows the number of rows; the others are as the calibration data showed them.
    if (linear) this.#reshape(`${layer.node.name}/shape`, sums, [-1, ...output.dims.slice(1)], layer.output);
    const encoder = shared.books.encoder;
    return {
      nodes: this.#nodes,
      initializers: this.#initializers,
      relativeError,
      form: describeForm(layout.geometry, sharedCodes),
      cost: layerCost(layer, layout, encoder, pass.sizes.get(layer)!, sharedCodes),
      facts: { geometry: layout.geometry, encoder, sharedCodes },
    };
  }

  /** What a layer reads, in the examples to fit on. */
  #sample(layer: DenseLayer): InputSample {
    const input = this.pass.input(layer);
    const images = Math.max(1, Math.floor(imageCount(input) * this.pass.fitShare));
    return { input, images, scale: this.pass.activationScale(layer) };
  }

  /** Decides how all layers that read this layer's input are cut into codebooks, so that they share codes where they can. */
  async #layoutOf(layer: DenseLayer, progress: Progress): Promise<LayerLayout> {
    const known = this.#layouts.get(layer);
    if (known) return known;
    const { pass } = this;
    const sample = this.#sample(layer);
    const taps = ({ window }: DenseLayer) => window.kernel[0] * window.kernel[1];
    const group = pass.layers.filter((other) => other.input === layer.input).sort((a, b) => taps(b) - taps(a));
    const shared = new Set<string>();
    for (const member of group) {
      const geometry =
        this.geometries.get(member) ?? (await chooseGeometry(member, pass.options, sample, pass.random, progress));
      let layout = layoutCodebooks(member, geometry);
      if (member.kind === 'conv' && geometry.kind === 'pixel') {
        const pixel = `${geometry.channels},${geometry.centroids}`;
        if (layout.taps > 1) shared.add(pixel);
        else if (shared.has(pixel)) layout = layoutCodebooks(member, geometry, true);
      }
      const key = JSON.stringify([layer.input, geometry.channels, geometry.centroids, layout.encode]);
      this.#layouts.set(member, { layout, key });
    }
    return this.#layouts.get(layer)!;
  }

  /** Learns codebooks and encodes the layer's input on the whole calibration set. @param readers layers that share the codes */
  async #encode(
    layer: DenseLayer,
    layout: CodebookLayout,
    readers: readonly DenseLayer[],
    progress: Progress,
  ): Promise<SharedCodes> {
    const { pass } = this;
    const { input, images, scale } = this.#sample(layer);
    const [height, width] = outputSize(layout.encode, [input.height, input.width]);
    const positions = sampleIndices(images * height * width, CODEBOOK_POINTS, pass.random);
    const points = gatherPoints(input, layout, positions).map((values) => quantizePoints(values, scale));
    const slices = (codebook: number) =>
      readers.flatMap((reader) => {
        const own = this.#layouts.get(reader)!.layout;
        return Array.from({ length: own.taps }, (_, tap) => weightSlice(reader, own, codebook, tap));
      });
    const kind = pass.options.encoder ?? 'centroid';
    const books = await fitCodebooks(points, slices, layout, kind, scale, LLOYD_ITERATIONS, pass.random, progress);
    const source =
      layer.kind === 'linear'
        ? this.#reshape(`${layer.node.name}/rows`, layer.input, [-1, layer.inputChannels, 1, 1])
        : layer.input;
    const node = pass.name(`${layer.node.name}/${encoderSpec(kind).name}`);
    const name = pass.name(`${node}.codes`);
    this.#nodes.push(encodeNode(books, layout, node, source, name, this.#initializers));
    const values = await pass.run(this.#nodes, this.#initializers, name, progress);
    const batches = values.map(({ data }) => data as Uint8Array);
    return { books, name, codes: { channels: layout.codebooks, height, width, batches } };
  }

  #reshape(hint: string, input: string, dims: readonly number[], output?: string): string {
    const name = this.pass.name(hint);
    const key = dims.join(',');
    let shape = this.#shapes.get(key);
    if (!shape) {
      shape = this.pass.name(`${name}.dims`);
      this.#shapes.set(key, shape);
      this.#initializers.set(shape, tensorValue('int64', [dims.length], BigInt64Array.from(dims, BigInt)));
    }
    const result = output ?? this.pass.name(`${name}.out`);
    this.#nodes.push({ name, op: 'Reshape', domain: '', inputs: [input, shape], outputs: [result], attributes: {} });
    return result;
  }
}
