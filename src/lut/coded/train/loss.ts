import { UniqueNames, valueNames } from '../../../graph/topology.js';
import type { Node, TensorValue } from '../../../graph/types.js';
import { BATCH, TARGET_INPUT } from '../../../train/dense-network.js';
import { TRAINING_DOMAIN, type TrainingNetwork } from '../../../train/types.js';
import { DISTILLATION_TEMPERATURE, type ResolvedOptions } from './options.js';

/** Name of the input that takes the teacher's logits [batch, classes]. */
export const TEACHER_INPUT = 'teacher';

/** A lookup layer's output, the dense layer's for the same input, and what an error of it is compared with. */
export interface Reconstruction {
  readonly lookup: string;
  readonly dense: string;
  readonly variance: number;
}

/**
 * The loss of a lookup network. Distillation adds an input {@link TEACHER_INPUT} and the metric `agreement`, the share of examples on which
 * the highest logit is the teacher's; unless cross-entropy takes part, labels only serve the metric `accuracy`.
 *
 * @param labelled with cross-entropy as its loss
 * @param extra reconstructions to add to the loss, and parameters that fall steadily
 */
export function addLoss(
  labelled: TrainingNetwork,
  classes: number,
  { loss, reconstruction }: Pick<ResolvedOptions, 'loss' | 'reconstruction'>,
  {
    reconstructions,
    annealed,
  }: { readonly reconstructions: readonly Reconstruction[]; readonly annealed: readonly string[] },
): TrainingNetwork {
  const { graph } = labelled;
  const names = new UniqueNames(valueNames(graph));
  for (const { name } of graph.nodes) names.add(name);
  const nodes: Node[] = [...graph.nodes];
  const initializers = new Map(graph.initializers);
  const add = (op: string, domain: string, inputs: readonly string[], attributes: Node['attributes'] = {}) => {
    const name = names.make(op);
    const output = names.make(`${op} output`);
    nodes.push({ name, op, domain, inputs, outputs: [output], attributes });
    return output;
  };
  const times = (value: string, factor: number) => {
    if (factor === 1) return value;
    const name = names.make('factor');
    const scalar: TensorValue = { type: 'float32', dims: [], data: Float32Array.of(factor) };
    initializers.set(name, scalar);
    return add('Mul', '', [value, name]);
  };

  const terms: string[] = [];
  const metrics: Record<string, string> = { ...labelled.metrics };
  const inputs = [...graph.inputs];
  if (loss.kind === 'labels') terms.push(labelled.loss);
  else {
    const logits = scoresOf(graph.nodes);
    inputs.push({ name: TEACHER_INPUT, type: 'float32', dims: [BATCH, classes] });
    terms.push(
      add('DistillationLoss', TRAINING_DOMAIN, [logits, TEACHER_INPUT], {
        temperature: loss.temperature ?? DISTILLATION_TEMPERATURE,
      }),
    );
    metrics.agreement = add('Accuracy', TRAINING_DOMAIN, [logits, TEACHER_INPUT]);
    if (loss.labelWeight) terms.push(times(labelled.loss, loss.labelWeight));
  }
  if (reconstruction > 0) {
    for (const { lookup, dense, variance } of reconstructions) {
      const target = add('StopGradient', TRAINING_DOMAIN, [dense]);
      const error = add('MeanSquaredError', TRAINING_DOMAIN, [lookup, target]);
      terms.push(times(error, reconstruction / variance));
    }
  }
  // Zero, with gradient 1: each step lowers these by its learning rate times their own.
  for (const name of annealed) {
    const still = add('StopGradient', TRAINING_DOMAIN, [name]);
    terms.push(add('ReduceSum', '', [add('Sub', '', [name, still])], { keepdims: 0 }));
  }
  const total = terms.reduce((sum, term) => add('Add', '', [sum, term]));
  return {
    ...labelled,
    graph: {
      ...graph,
      inputs,
      outputs: [total, ...Object.values(metrics)].map((name) => ({ name, type: 'float32', dims: [] })),
      nodes,
      initializers,
    },
    loss: total,
    metrics,
  };
}

/** What the cross-entropy of the labelled network compares with the target. */
function scoresOf(nodes: readonly Node[]): string {
  return nodes.find(({ op, inputs }) => op === 'SoftmaxCrossEntropy' && inputs[1] === TARGET_INPUT)!.inputs[0]!;
}
