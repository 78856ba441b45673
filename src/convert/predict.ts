import { tensorValue } from '../graph/tensor.js';
import type { TensorValue } from '../graph/types.js';
import type { DenseLayer } from './dense-layers.js';
import type { ConversionTask } from './layerwise.js';
import { planesOf } from './live-planes.js';
import { AnswerModel, type Difference, differenceOf, type Logits, normal, readLogits } from './logits.js';
import type { Progress } from './progress.js';
import { seededRandom } from './random.js';
import { type Frontier, firstExamples, neededFrom, runNodes } from './segment.js';

/** Examples that a sensitivity is measured on. */
const EXAMPLES = 96;
/** Variance of the noise, relative to that of the layer's output. */
const NOISE = 0.02;
/**
 * Divergence = factor · (sum of errors)^exponent. Errors that layers inherit from those before weigh most where a layer's own are small, and
 * surveys do not see them. Both were fitted to conversions measured on held-out training examples (docs/decisions/015); every conversion of
 * a network corrects the factor for it.
 */
const EXPONENT = 0.6;
const FACTOR = 1.4;
/** How fast the weight of a measured network falls with its distance, as a logarithm of the sums' ratio. */
const NEARNESS = 0.3;
/** Changed answers over those that noise of the same divergence changes, and for how many simulated ones that counts. */
const CHANGES = 1.8;
const PRIOR_CHANGES = 5;

/** What the dense network computed, with the model of its answers. */
export interface DenseAnswers {
  readonly logits: Logits;
  readonly labels: ArrayLike<number> | undefined;
}

/**
 * How much the network diverges for a small error of each layer: noise of a known variance on the output of one layer at a time.
 * @returns the divergence per relative error
 */
export async function measureSensitivity(
  { graph, layers, batches, options }: Pick<ConversionTask, 'graph' | 'layers' | 'batches' | 'options'>,
  progress: Progress,
): Promise<Map<DenseLayer, number>> {
  const output = graph.outputs[0]!.name;
  const random = seededRandom(options.seed ?? 1);
  const examples = firstExamples(graph, batches, EXAMPLES);
  const run = (from: number, frontier: Frontier) =>
    runNodes(graph, graph.nodes.slice(from), frontier, new Set([output]), () => progress(0));
  const expected = await run(0, { batches: examples });
  const sensitivity = new Map<DenseLayer, number>();
  let frontier: Frontier = { batches: examples };
  let position = 0;
  for (const [at, layer] of layers.entries()) {
    const next = layer.index + 1;
    const keep = neededFrom(graph, next).add(layer.output);
    frontier = await runNodes(graph, graph.nodes.slice(position, next), frontier, keep, () => progress(0));
    position = next;
    const noisy = addNoise(frontier, layer, random);
    sensitivity.set(layer, outputDifference(expected, await run(next, noisy), output) / NOISE);
    await progress(at / layers.length);
  }
  return sensitivity;
}

/** Adds noise to a layer's output: of every channel a share of its own variance. */
function addNoise({ batches }: Frontier, layer: DenseLayer, random: () => number): Frontier {
  const O = layer.outputChannels;
  const planes = planesOf({ batches }, layer, layer.output, O);
  const area = planes.height * planes.width;
  const channelOf = (i: number) => Math.floor(i / area) % O;
  const [sums, squares] = [new Float64Array(O), new Float64Array(O)];
  let count = 0;
  for (const data of planes.batches) {
    for (let i = 0; i < data.length; i++) {
      sums[channelOf(i)]! += data[i]!;
      squares[channelOf(i)]! += data[i]! ** 2;
    }
    count += data.length / O;
  }
  const deviation = squares.map((square, o) =>
    Math.sqrt(Math.max(0, NOISE * (square / count - (sums[o]! / count) ** 2))),
  );
  return {
    batches: batches.map((live) => {
      const value = live.get(layer.output)! as TensorValue & { data: Float32Array };
      const data = value.data.map((y, i) => y + deviation[channelOf(i)]! * normal(random));
      return new Map([...live, [layer.output, tensorValue('float32', value.dims, data)]]);
    }),
  };
}

/** The divergence of answers, or for other outputs the squared difference relative to their energy. */
function outputDifference(expected: Frontier, actual: Frontier, output: string): number {
  const [dense, other] = [readLogits(expected, output), readLogits(actual, output)];
  if (dense && other) return differenceOf(dense, other, undefined).divergence;
  let [error, energy] = [0, 0];
  expected.batches.forEach((live, batch) => {
    const should = live.get(output)!.data as ArrayLike<number>;
    const is = actual.batches[batch]!.get(output)!.data as ArrayLike<number>;
    for (let i = 0; i < should.length; i++) {
      error += (Number(is[i]) - Number(should[i])) ** 2;
      energy += Number(should[i]) ** 2;
    }
  });
  return energy > 0 ? error / energy : error;
}

interface Measured {
  readonly sum: number;
  readonly difference: Difference;
}

/**
 * What a network loses, from the errors of its layers: the divergence follows from the sum of errors, each weighed by the sensitivity to
 * it (docs/decisions/015), and the answers follow from the divergence. Every converted network that was measured corrects the factors.
 */
export class Prediction {
  readonly #answers: AnswerModel | undefined;
  readonly #examples: number;
  readonly #seen: Measured[] = [];

  constructor(dense: DenseAnswers | undefined) {
    this.#answers = dense && new AnswerModel(dense.logits, dense.labels);
    this.#examples = dense ? dense.logits.data.length / dense.logits.classes : 0;
  }

  /** Learns from a converted network. @param sum of its surveyed errors times sensitivities */
  observe(sum: number, difference: Difference): void {
    if (sum > 0) this.#seen.push({ sum, difference });
  }

  /** The divergence at a sum of errors: the factor is the mean of the measured networks', of those with a similar sum most. */
  divergence(sum: number): number {
    if (sum <= 0) return 0;
    let [logs, weights] = [0, 0];
    for (const seen of this.#seen) {
      const weight = 1 / (NEARNESS + Math.abs(Math.log(seen.sum / sum)));
      logs += weight * Math.log(Math.max(seen.difference.divergence, 1e-12) / seen.sum ** EXPONENT);
      weights += weight;
    }
    return (weights > 0 ? Math.exp(logs / weights) : FACTOR) * sum ** EXPONENT;
  }

  /** Percentage points lost at a sum of errors; undefined for networks that do not classify. */
  drop(sum: number): number | undefined {
    return this.dropAt(this.divergence(sum));
  }

  /** Percentage points lost at a divergence: less a matter of chance than counting a few changed answers. */
  dropAt(divergence: number): number | undefined {
    if (!this.#answers) return undefined;
    const { lost, changed } = this.#answers.at(divergence);
    return (lost ?? changed) * this.#answerFactor();
  }

  /** One standard deviation of a drop measured on the held-out examples. @param difference measured or predicted */
  deviation({ changed }: Pick<Difference, 'changed'>): number {
    return this.#examples > 0 ? 100 * Math.sqrt(Math.max(changed / 100, 0.5 / this.#examples) / this.#examples) : 0;
  }

  /** The expected difference at a sum of errors. */
  difference(sum: number): Difference | undefined {
    return this.#answers?.at(this.divergence(sum));
  }

  /** Changed answers over those that noise would change. */
  #answerFactor(): number {
    let [measured, simulated] = [CHANGES * PRIOR_CHANGES, PRIOR_CHANGES];
    for (const { difference } of this.#seen) {
      measured += (difference.changed * this.#examples) / 100;
      simulated += (this.#answers!.at(difference.divergence).changed * this.#examples) / 100;
    }
    return measured / simulated;
  }
}
