import type { DenseLayer } from '../../../convert/dense-layers.js';
import type { LayerSample } from '../../../convert/family-fit.js';
import { isPlanned } from '../../../convert/options.js';
import type { Progress } from '../../../convert/progress.js';
import { type Random, sampleIndices } from '../../../convert/random.js';
import type { ConvertOptions, Objective } from '../../../convert/types.js';
import { outputSize } from '../../window.js';
import type { EncoderKind } from './codebooks.js';
import { layerCost } from './cost-model.js';
import { type CodebookLayout, fittingChannels, type Geometry, layoutCodebooks, weightSlice } from './geometry.js';
import { kmeans } from './kmeans.js';
import { outputMetric, toMetricSpace } from './metric.js';
import { gatherPoints, quantizePoints } from './points.js';
import { MATRIX_LIMIT } from './ridge.js';

/** How much error counts against time: the best geometry has the least `time · error^weight`. */
export const ERROR_WEIGHT: Readonly<Record<Objective, number>> = { speed: 0.4, balanced: 1, accuracy: 4 };

const POINTS = 1024;
const ITERATIONS = 5;
/** Codebooks that stand for all of a layer. */
const CODEBOOKS = 24;

function tableRows(layer: DenseLayer, geometry: Geometry): number {
  const { codebooks, taps } = layoutCodebooks(layer, geometry);
  return codebooks * taps * geometry.centroids;
}

/**
 * Geometries worth trying. With `optimize` left to decide K, wide codebooks come with more centroids too. Tables too large for the better
 * of the two solvers are left out where there are others: they take longest to fit and gain least. Where the size of the file is
 * limited, it decides instead, and codebooks of single values are worth trying: the least error for the bytes, and the most lookups. So they
 * are where a plan chooses for the whole network.
 */
export function candidateGeometries(layer: DenseLayer, options: ConvertOptions): Geometry[] {
  const { geometry = {}, encoder = 'centroid', maxBytes } = options;
  const together = maxBytes !== undefined || isPlanned(options);
  const single = together ? [16, 8] : [];
  const K = encoder === 'tree' ? 16 : options.centroids;
  const cover = (kind: Geometry['kind'], channels: number, centroids: number): Geometry => ({
    kind,
    channels: fittingChannels(layer.inputChannels, channels),
    centroids: K ?? centroids,
  });
  let list: Geometry[];
  if (layer.kind === 'linear') {
    list = (geometry.linear ? [geometry.linear] : [32, 16, 8]).map((g) => cover('linear', g, 16));
  } else if (layer.window.kernel.every((size) => size === 1)) {
    list = geometry.pointwise
      ? [cover('pixel', geometry.pointwise, 16)]
      : [
          cover('pixel', 8, 16),
          cover('pixel', 4, 16),
          cover('pixel', 4, 32),
          cover('pixel', 2, 16),
          ...single.map((count) => cover('pixel', 1, count)),
        ];
  } else if (geometry.conv) {
    list = [cover(geometry.conv.kind, geometry.conv.channels, 16)];
  } else {
    list = [
      cover('patch', 1, 16),
      cover('patch', 1, 32),
      cover('row', 2, 16),
      cover('row', 2, 32),
      cover('row', 1, 16),
      cover('pixel', 4, 16),
      cover('pixel', 4, 32),
      cover('pixel', 2, 16),
      // The largest tables, which only `accuracy` and plans try.
      ...(options.optimize === 'accuracy' || isPlanned(options) ? [cover('row', 1, 32)] : []),
      ...(isPlanned(options) ? [cover('pixel', 8, 16)] : []),
      ...single.map((count) => cover('pixel', 1, count)),
    ];
  }
  const distinct = [...new Map(list.map((candidate) => [JSON.stringify(candidate), candidate])).values()];
  if (maxBytes !== undefined && !isPlanned(options)) return distinct;
  const fitting = distinct.filter((candidate) => tableRows(layer, candidate) <= MATRIX_LIMIT);
  return fitting.length > 0 ? fitting : distinct;
}

/** What a geometry would cost and lose. */
export interface Estimate {
  readonly geometry: Geometry;
  /** Nanoseconds of the cost model. */
  readonly time: number;
  /** Expected squared error of one output position, summed over channels, as if codebooks erred independently. */
  readonly error: number;
}

/** Activations that a layer reads. */
export type InputSample = Pick<LayerSample, 'input' | 'images' | 'scale'>;

/** Clusters a small sample and adds up the errors of the codebooks in the metric of the output. */
async function estimateGeometry(
  layer: DenseLayer,
  layout: CodebookLayout,
  encoder: EncoderKind,
  { input, images, scale }: InputSample,
  random: Random,
  progress: Progress,
): Promise<Estimate> {
  const [codeHeight, codeWidth] = outputSize(layout.encode, [input.height, input.width]);
  const positions = sampleIndices(images * codeHeight * codeWidth, POINTS, random);
  const points = gatherPoints(input, layout, positions);
  const v = layout.values;
  let error = 0;
  const sampled = sampleIndices(layout.codebooks, CODEBOOKS, random);
  for (const [i, c] of sampled.entries()) {
    const slices = Array.from({ length: layout.taps }, (_, tap) => weightSlice(layer, layout, c, tap));
    const { metric, magnitude } = outputMetric(slices, v);
    const space = toMetricSpace(metric, quantizePoints(points[c]!, scale), v);
    const clusters = kmeans(space, v, layout.geometry.centroids, ITERATIONS, random);
    error += (clusters.error * magnitude * scale.scale ** 2 * layout.codebooks) / sampled.length;
    await progress(i / sampled.length);
  }
  const { nanoseconds: time } = layerCost(layer, layout, encoder, [input.height, input.width]);
  return { geometry: layout.geometry, time, error };
}

/** Estimates of all geometries worth trying. */
export async function estimateGeometries(
  layer: DenseLayer,
  options: ConvertOptions,
  sample: InputSample,
  random: Random,
  progress: Progress,
): Promise<Estimate[]> {
  const estimates: Estimate[] = [];
  for (const candidate of candidateGeometries(layer, options)) {
    const layout = layoutCodebooks(layer, candidate);
    estimates.push(await estimateGeometry(layer, layout, options.encoder ?? 'centroid', sample, random, progress));
  }
  return estimates;
}

/** The geometry of one layer: the only candidate, or the best trade measured on a sample of its inputs. */
export async function chooseGeometry(
  layer: DenseLayer,
  options: ConvertOptions,
  sample: InputSample,
  random: Random,
  progress: Progress,
): Promise<Geometry> {
  const candidates = candidateGeometries(layer, options);
  if (candidates.length === 1) return candidates[0]!;
  const weight = ERROR_WEIGHT[options.optimize ?? 'balanced'];
  const value = ({ time, error }: Estimate) => time * Math.max(error, 1e-12) ** weight;
  const estimates = await estimateGeometries(layer, options, sample, random, progress);
  return estimates.reduce((best, next) => (value(next) < value(best) ? next : best)).geometry;
}
