import type { Graph } from '../graph/types.js';
import { DISTILLATION_TEMPERATURE, type LookupLoss } from '../lut/coded/train/options.js';
import type { Split } from './data/split.js';
import type { TrainingSet } from './data/training-set.js';
import { logitsGraph } from './dense-network.js';
import { answer, forward, type Measured } from './forward.js';

/** How well a network does on examples it was not trained on. */
export interface ValidationResult extends Measured {
  /** What training lowers: the mean loss of these examples. */
  readonly loss: number;
  /** Examples with the answer of the dense network, where its logits are what is learned. */
  readonly same?: number;
}

function logSoftmax(logits: Float32Array, temperature: number): Float64Array {
  const scaled = Float64Array.from(logits, (x) => x / temperature);
  const top = scaled.reduce((most, x) => Math.max(most, x), -Infinity);
  const total = top + Math.log(scaled.reduce((sum, x) => sum + Math.exp(x - top), 0));
  return scaled.map((x) => x - total);
}

/** T² · KL(p ‖ q) of one example at temperature T (Hinton et al. 2015, §2). */
function divergence(ours: Float32Array, theirs: Float32Array, temperature: number): number {
  const [p, q] = [logSoftmax(theirs, temperature), logSoftmax(ours, temperature)];
  return temperature ** 2 * p.reduce((sum, log, k) => sum + Math.exp(log) * (log - q[k]!), 0);
}

/** −Σ p log q of one example, with a share of p spread over all classes. */
function crossEntropy(ours: Float32Array, label: number, smoothing: number): number {
  const q = logSoftmax(ours, 1);
  const spread = q.reduce((sum, log) => sum + log, 0) / q.length;
  return -(1 - smoothing) * q[label]! - smoothing * spread;
}

/** Logits of all examples, one after the other: [indices.length · classes]. */
async function logitsFor(graph: Graph, set: TrainingSet, indices: Int32Array, threads: number): Promise<Float32Array> {
  const network = logitsGraph(graph);
  const all = new Float32Array(indices.length * set.classes.length);
  let at = 0;
  await forward(network, set, indices, threads, (outputs) => {
    const logits = outputs[network.outputs[0]!.name]!.data as Float32Array;
    all.set(logits, at);
    at += logits.length;
  });
  return all;
}

export type Validator = (graph: Graph) => Promise<ValidationResult>;

/**
 * Measures networks on the validation examples of a split by the loss that training lowers.
 *
 * @param dense computes the logits that are learned where the loss is distillation; run once
 */
export async function createValidator(
  dense: Graph,
  set: TrainingSet,
  { validation }: Split,
  loss: LookupLoss,
  threads: number,
): Promise<Validator> {
  const classes = set.classes.length;
  const row = (all: Float32Array, i: number) => all.subarray(i * classes, (i + 1) * classes);
  const theirs = loss.kind === 'distillation' ? await logitsFor(dense, set, validation, threads) : undefined;
  const lossOf = (logits: Float32Array, i: number): number => {
    const label = set.labels[validation[i]!]!;
    if (loss.kind === 'labels') return crossEntropy(logits, label, loss.smoothing ?? 0);
    return divergence(logits, row(theirs!, i), DISTILLATION_TEMPERATURE);
  };
  return async (graph) => {
    const ours = await logitsFor(graph, set, validation, threads);
    let [total, correct, same] = [0, 0, 0];
    validation.forEach((index, i) => {
      const logits = row(ours, i);
      const given = answer(logits);
      if (given === set.labels[index]) correct++;
      if (theirs && given === answer(row(theirs, i))) same++;
      total += lossOf(logits, i) / validation.length;
    });
    return { count: validation.length, correct, loss: total, ...(theirs ? { same } : {}) };
  };
}
