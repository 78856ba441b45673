import type { Graph, TensorValue } from '../graph/types.js';
import { hasLookups } from '../lut/domain.js';
import { serializeModel } from '../onnx/serialize.js';
import { InferenceSession } from '../session/inference-session.js';
import { plainInputs } from './data/batch.js';
import type { TrainingSet } from './data/training-set.js';
import { createGraphRunner } from './engine/runtime.js';

/** Examples per run. */
const BATCH = 64;

export interface Measured {
  /** Examples. */
  readonly count: number;
  readonly correct: number;
}

interface Runner {
  run(input: TensorValue): Promise<Readonly<Record<string, TensorValue>>>;
  release(): Promise<void>;
}

/** Lookup networks run as a page would run them; dense ones by onnxruntime, which has the faster kernels outside of a page. */
async function openRunner(graph: Graph, threads: number): Promise<Runner> {
  const name = graph.inputs[0]!.name;
  if (hasLookups(graph)) {
    const session = await InferenceSession.create(serializeModel(graph), { worker: false, threads });
    return { run: (input) => session.run({ [name]: input }), release: () => session.release() };
  }
  const runner = await createGraphRunner(graph);
  return {
    run: async (input) => Object.fromEntries(await runner.run(new Map([[name, input]]))),
    release: () => runner.release(),
  };
}

/**
 * Runs a graph of one input over examples as evaluation sees them and hands the outputs of each batch on.
 * @param use gets the outputs by name and the indices of the examples they belong to
 */
export async function forward(
  graph: Graph,
  set: TrainingSet,
  indices: Int32Array,
  threads: number,
  use: (outputs: Readonly<Record<string, TensorValue>>, batch: Int32Array) => void,
  batchSize = BATCH,
): Promise<void> {
  const runner = await openRunner(graph, threads);
  try {
    for (let start = 0; start < indices.length; start += batchSize) {
      const batch = indices.subarray(start, start + batchSize);
      use(await runner.run(plainInputs(set, batch)), batch);
    }
  } finally {
    await runner.release();
  }
}

/** Highest class, the lowest among equals; -1 where a logit is NaN. */
export function answer(logits: Float32Array): number {
  return logits.some(Number.isNaN) ? -1 : logits.indexOf(logits.reduce((most, x) => Math.max(most, x), -Infinity));
}

/** How many of the examples the first output of a classifier gets right. NaN counts as wrong. */
export async function measureAccuracy(
  graph: Graph,
  set: TrainingSet,
  indices: Int32Array,
  threads: number,
): Promise<Measured> {
  const output = graph.outputs[0]!.name;
  const classes = set.classes.length;
  let correct = 0;
  await forward(graph, set, indices, threads, (outputs, batch) => {
    const scores = outputs[output]!.data as Float32Array;
    batch.forEach((index, row) => {
      if (answer(scores.subarray(row * classes, (row + 1) * classes)) === set.labels[index]) correct++;
    });
  });
  return { count: indices.length, correct };
}
