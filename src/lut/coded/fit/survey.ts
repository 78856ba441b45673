import type { DenseLayer } from '../../../convert/dense-layers.js';
import { gatherVectors, imageCount, scaleOf } from '../../../convert/gather.js';
import { planesOf } from '../../../convert/live-planes.js';
import type { Progress } from '../../../convert/progress.js';
import { sampleIndices, seededRandom } from '../../../convert/random.js';
import { type Frontier, type LiveValues, neededFrom, runNodes } from '../../../convert/segment.js';
import type { InputSize } from '../../../convert/sizes.js';
import type { ConvertOptions } from '../../../convert/types.js';
import type { Graph } from '../../../graph/types.js';
import type { Choice } from './budget.js';
import { candidateGeometries, estimateGeometry } from './choose.js';
import { layerCost } from './cost-model.js';
import { layoutCodebooks } from './geometry.js';

/** Examples that are enough to compare geometries. */
const EXAMPLES = 64;
/** Positions that the variance of an output is taken over. */
const POSITIONS = 4096;

/**
 * What every geometry worth trying would cost and lose in every layer, from the dense network's activations: before anything is converted,
 * for decisions about all layers together.
 *
 * @param layers in order
 * @param sizes of the layers' inputs, for one example
 */
export async function surveyLayers(
  graph: Graph,
  layers: readonly DenseLayer[],
  sizes: ReadonlyMap<DenseLayer, InputSize>,
  batches: readonly LiveValues[],
  options: ConvertOptions,
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
    const scale = scaleOf(input);
    const output = planesOf(frontier, layer, layer.output, layer.outputChannels);
    const area = imageCount(output) * output.height * output.width;
    const variance = varianceOf(gatherVectors(output, sampleIndices(area, POSITIONS, random)), layer.outputChannels);
    const own: Choice[] = [];
    for (const geometry of candidateGeometries(layer, options)) {
      const layout = layoutCodebooks(layer, geometry);
      const images = imageCount(input);
      const estimate = await estimateGeometry(layer, layout, encoder, input, images, scale, random, layerProgress);
      // Of one example: the planes of a linear layer are single rows.
      const cost = layerCost(layer, layout, encoder, ...sizes.get(layer)!);
      own.push({
        ...estimate,
        time: cost.encodeNanoseconds + cost.lookupNanoseconds,
        bytes: cost.tableBytes + cost.encoderBytes,
        relativeError: estimate.error / (variance || 1),
      });
    }
    choices.set(layer, own);
  }
  return choices;
}

function firstExamples(graph: Graph, batches: readonly LiveValues[]): LiveValues[] {
  const size = batches[0]!.get(graph.inputs[0]!.name)!.dims[0] || 1;
  return batches.slice(0, Math.max(1, Math.ceil(EXAMPLES / size)));
}

/** Variance of every channel, summed. @param vectors [N, O] */
function varianceOf(vectors: Float32Array, O: number): number {
  const count = vectors.length / O;
  let sum = 0;
  for (let m = 0; m < O; m++) {
    let [mean, square] = [0, 0];
    for (let i = m; i < vectors.length; i += O) {
      mean += vectors[i]! / count;
      square += vectors[i]! ** 2 / count;
    }
    sum += square - mean ** 2;
  }
  return sum;
}
