import type { DenseLayer } from '../../../convert/dense-layers.js';
import type { FitPass } from '../../../convert/family-fit.js';
import { gatherVectors, imageCount, scaleOf } from '../../../convert/gather.js';
import { planesOf } from '../../../convert/live-planes.js';
import type { Progress } from '../../../convert/progress.js';
import { sampleIndices, seededRandom } from '../../../convert/random.js';
import { channelMoments } from '../../../convert/relative-error.js';
import { type Frontier, type LiveValues, neededFrom, runNodes } from '../../../convert/segment.js';
import type { Graph } from '../../../graph/types.js';
import type { Choice } from './budget.js';
import { estimateGeometries } from './choose.js';
import { layerCost } from './cost-model.js';
import { layoutCodebooks } from './geometry.js';

/** Examples that are enough to compare geometries. */
const EXAMPLES = 64;
/** Positions that the variance of an output is taken over. */
const POSITIONS = 4096;

/**
 * What every geometry worth trying would cost and lose in every layer, from the dense network's activations: before anything is converted,
 * for decisions about all layers together.
 */
export async function surveyLayers(
  { graph, layers, sizes, batches, options }: FitPass,
  progress: Progress,
): Promise<Map<DenseLayer, readonly Choice[]>> {
  const { encoder = 'centroid', seed = 1 } = options;
  const random = seededRandom(seed);
  let frontier: Frontier = { batches: firstExamples(graph, batches) };
  let position = 0;
  const choices = new Map<DenseLayer, readonly Choice[]>();
  for (const [at, layer] of layers.entries()) {
    const layerProgress = (fraction: number) => progress((at + fraction) / layers.length);
    const keep = neededFrom(graph, layer.index).add(layer.output);
    // The layer itself runs, too: its output says what an error is relative to, and its input must outlive it.
    frontier = await runNodes(graph, graph.nodes.slice(position, layer.index + 1), frontier, keep, () =>
      layerProgress(0),
    );
    position = layer.index + 1;
    const input = planesOf(frontier, layer, layer.input, layer.inputChannels);
    const output = planesOf(frontier, layer, layer.output, layer.outputChannels);
    const area = imageCount(output) * output.height * output.width;
    const vectors = gatherVectors(output, sampleIndices(area, POSITIONS, random));
    const variance = channelMoments(vectors, layer.outputChannels).variance.reduce((sum, value) => sum + value, 0);
    const sample = { input, images: imageCount(input), scale: scaleOf(input) };
    const estimates = await estimateGeometries(layer, options, sample, random, layerProgress);
    choices.set(
      layer,
      estimates.map((estimate) => {
        // Of one example: the planes of a linear layer are single rows.
        const cost = layerCost(layer, layoutCodebooks(layer, estimate.geometry), encoder, sizes.get(layer)!);
        const relativeError = estimate.error / (variance || 1);
        return { ...estimate, time: cost.nanoseconds, bytes: cost.tableBytes, relativeError };
      }),
    );
  }
  return choices;
}

function firstExamples(graph: Graph, batches: readonly LiveValues[]): LiveValues[] {
  const size = batches[0]!.get(graph.inputs[0]!.name)!.dims[0] || 1;
  return batches.slice(0, Math.max(1, Math.ceil(EXAMPLES / size)));
}
