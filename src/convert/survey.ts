import type { DenseLayer } from './dense-layers.js';
import type { FamilyFit, FitPass, FormEstimate } from './family-fit.js';
import { gatherVectors, imageCount, scaleOf } from './gather.js';
import { planesOf } from './live-planes.js';
import type { Progress } from './progress.js';
import { sampleIndices, seededRandom } from './random.js';
import { channelMoments } from './relative-error.js';
import { type Frontier, firstExamples, neededFrom, runNodes } from './segment.js';

/** Examples that are enough to compare forms. */
const EXAMPLES = 64;
/** Positions that the variance of an output is taken over. */
const POSITIONS = 4096;

/** A form of one family. */
export interface SurveyedForm extends FormEstimate {
  readonly family: FamilyFit;
}

/**
 * What every form of the families would cost and lose in every layer, from the dense network's activations: before anything is converted,
 * for decisions about all layers together.
 *
 * @param familiesOf which families may replace a layer
 */
export async function surveyLayers(
  { graph, layers, sizes, batches, options }: Pick<FitPass, 'graph' | 'layers' | 'sizes' | 'batches' | 'options'>,
  familiesOf: (layer: DenseLayer) => readonly FamilyFit[],
  progress: Progress,
): Promise<Map<DenseLayer, readonly SurveyedForm[]>> {
  const random = seededRandom(options.seed ?? 1);
  let frontier: Frontier = { batches: firstExamples(graph, batches, EXAMPLES) };
  let position = 0;
  const surveyed = new Map<DenseLayer, readonly SurveyedForm[]>();
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
    const size = sizes.get(layer)!;
    const sample = { input, images: imageCount(input), scale: scaleOf(input), variance: variance || 1, size };
    const forms: SurveyedForm[] = [];
    for (const family of familiesOf(layer)) {
      const own = (await family.survey?.(layer, sample, options, random, layerProgress)) ?? [];
      forms.push(...own.map((form) => ({ ...form, family })));
    }
    surveyed.set(layer, forms);
  }
  return surveyed;
}
