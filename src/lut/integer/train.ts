import type { Node } from '../../graph/types.js';
import { constantsOf } from '../constants.js';
import type { FamilyTraining } from '../family-training.js';
import { MAX_ACTIVATION } from '../limits.js';
import { inputsOf, isNode } from '../operator.js';
import type { TrainingWriter } from '../training-writer.js';
import { QUANTIZED_CONV } from './spec.js';

/**
 * The train stage of integer convolutions. They do not learn: floats that hold the same integers compute them.
 *
 * @throws LutraError `UNSUPPORTED` for parameters that other nodes compute
 */
export const INTEGER_TRAINING: FamilyTraining = (writer) => {
  for (const node of writer.graph.nodes) {
    if (isNode(QUANTIZED_CONV, node)) writer.replace(node, () => writeFloatConv(writer, node));
  }
  return {};
};

function writeFloatConv(writer: TrainingWriter, node: Node): void {
  const { x_scale, x_zero_point, W, scale, bias } = constantsOf(writer.graph, QUANTIZED_CONV, node, {
    x_scale: 'float32',
    x_zero_point: 'uint8',
    W: 'int8',
    scale: 'float32',
    bias: 'float32',
  });
  const fixed = (hint: string, dims: readonly number[], data: Iterable<number>) =>
    writer.fixed(`${node.name}.${hint}`, dims, Float32Array.from(data));
  const zero = x_zero_point.data[0]!;
  const perChannel = [1, W.dims[0]!, 1, 1];
  const ratio = writer.standard('Div', [inputsOf(QUANTIZED_CONV, node).x, fixed('unit', [], x_scale.data)]);
  const limits = [fixed('low', [], [-zero]), fixed('high', [], [MAX_ACTIVATION - zero])];
  const integers = writer.standard('Clip', [writer.standard('Round', [ratio]), ...limits]);
  const sums = writer.standard('Conv', [integers, fixed('W', W.dims, W.data)], node.attributes);
  const scaled = writer.standard('Mul', [sums, fixed('scale', perChannel, scale.data)]);
  writer.standard('Add', [scaled, fixed('bias', perChannel, bias.data)], {}, node.outputs[0]!);
}
