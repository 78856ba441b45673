import type { ImagePreprocess, Preprocess } from '../graph/metadata.js';
import type { TensorValue } from '../graph/types.js';
import { batches } from './batches.js';
import type { Dataset } from './dataset.js';
import { mirrorImages } from './mirror.js';
import { calibrationOrder } from './sampling.js';

/** Examples per batch, where the network leaves it open. */
const BATCH = 50;

type Inputs = Iterable<TensorValue> | AsyncIterable<TensorValue>;

/** Labelled or unlabelled examples as network inputs. */
export interface ExampleSource {
  readonly count: number;
  /** Class index of every example [count]. */
  readonly labels?: Int32Array | undefined;
  /** Network inputs of these examples, in this order, `batch` at a time. */
  inputs(order: readonly number[], batch: number): Inputs;
}

export interface CalibrationFeedOptions {
  /** How many examples to draw, evenly from all classes. */
  readonly samples: number;
  /** Uniform numbers in [0, 1). */
  readonly random: () => number;
  /** First dimension of the network's input. A number is the size of every batch; examples that fill no batch are left out. */
  readonly batch?: number | string | undefined;
  /** Examples to hold out from calibration, besides `samples`. Default 0. */
  readonly heldOut?: number;
  /** Follow every batch by its mirror image; the layout of its images. */
  readonly mirror?: ImagePreprocess['layout'] | undefined;
}

/** Some examples of a source, with their labels where it has them. `convert` takes it as its calibration. */
export interface ExampleFeeds {
  readonly feeds: Inputs;
  readonly labels?: readonly number[];
  /** Examples drawn; a mirrored copy does not count. */
  readonly count: number;
}

/** The examples of a data set, preprocessed. */
export function datasetSource(dataset: Dataset, spec: Preprocess | undefined): ExampleSource {
  async function* inputs(order: readonly number[], batch: number) {
    for await (const { input } of batches(dataset, order, batch, spec)) yield input;
  }
  return { count: dataset.count, labels: dataset.labels, inputs };
}

/**
 * Draws the calibration set of a conversion: the same for the command line, the training and the convert page.
 *
 * @returns the calibration set and the held-out examples
 */
export function calibrationFeeds(
  source: ExampleSource,
  { samples, random, batch: first, heldOut = 0, mirror }: CalibrationFeedOptions,
): { readonly calibration: ExampleFeeds; readonly heldOut: ExampleFeeds } {
  const fixed = typeof first === 'number' && first > 0;
  const batch = fixed ? first : BATCH;
  const whole = (count: number) => (fixed ? count - (count % batch) : count);
  const held = whole(heldOut);
  const order = calibrationOrder(source.count, source.labels, samples + held, random);
  const feedsOf = (part: readonly number[], layout?: ImagePreprocess['layout']): ExampleFeeds => {
    const { labels } = source;
    const chunks = Array.from({ length: Math.ceil(part.length / batch) }, (_, i) =>
      part.slice(i * batch, (i + 1) * batch),
    );
    const shown = layout ? chunks.flatMap((chunk) => [...chunk, ...chunk]) : part;
    const inputs = source.inputs(part, batch);
    return {
      feeds: layout ? withMirrored(inputs, layout) : inputs,
      ...(labels && { labels: shown.map((index) => labels[index]!) }),
      count: part.length,
    };
  };
  return {
    calibration: feedsOf(order.slice(held, held + whole(order.length - held)), mirror),
    heldOut: feedsOf(order.slice(0, held)),
  };
}

/** Every batch, followed by its mirror image. */
async function* withMirrored(inputs: Inputs, layout: ImagePreprocess['layout']): AsyncGenerator<TensorValue> {
  for await (const input of inputs) {
    yield input;
    yield mirrorImages(input, layout);
  }
}
