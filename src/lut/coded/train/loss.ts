import { UniqueNames, valueNames } from '../../../graph/topology.js';
import type { Node } from '../../../graph/types.js';
import { BATCH } from '../../../train/dense-network.js';
import { TRAINING_DOMAIN, type TrainingNetwork } from '../../../train/types.js';
import { DISTILLATION_TEMPERATURE } from './options.js';

/** Name of the input that takes the teacher's logits [batch, classes]. */
export const TEACHER_INPUT = 'teacher';

/**
 * The network with distillation in the place of cross-entropy: a further input {@link TEACHER_INPUT}, and the metric `agreement`, the share of
 * examples whose highest logit is the teacher's. Labels then only serve the metric `accuracy`.
 *
 * @param labelled with cross-entropy as its loss
 */
export function distilled(labelled: TrainingNetwork, classes: number): TrainingNetwork {
  const { graph } = labelled;
  const names = new UniqueNames(valueNames(graph));
  for (const { name } of graph.nodes) names.add(name);
  const logits = graph.nodes.find(({ outputs }) => outputs[0] === labelled.loss)!.inputs[0]!;
  const compare = (op: string, attributes: Node['attributes'] = {}): Node => ({
    name: names.make(op),
    op,
    domain: TRAINING_DOMAIN,
    inputs: [logits, TEACHER_INPUT],
    outputs: [names.make(`${op} output`)],
    attributes,
  });
  const loss = compare('DistillationLoss', { temperature: DISTILLATION_TEMPERATURE });
  const agreement = compare('Accuracy');
  const metrics = { ...labelled.metrics, agreement: agreement.outputs[0]! };
  const outputs = [loss.outputs[0]!, ...Object.values(metrics)];
  return {
    ...labelled,
    graph: {
      ...graph,
      inputs: [...graph.inputs, { name: TEACHER_INPUT, type: 'float32', dims: [BATCH, classes] }],
      outputs: outputs.map((name) => ({ name, type: 'float32', dims: [] })),
      nodes: [...graph.nodes, loss, agreement],
    },
    loss: loss.outputs[0]!,
    metrics,
  };
}
