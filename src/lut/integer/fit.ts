import type { DenseLayer } from '../../convert/dense-layers.js';
import type { FamilyFit, LayerSample } from '../../convert/family-fit.js';
import { tensorValue } from '../../graph/tensor.js';
import type { Node, TensorValue } from '../../graph/types.js';
import { type ActivationScale, quantizeActivation } from '../activation.js';
import { MAX_ACTIVATION, MAX_SUM, MAX_WEIGHT } from '../limits.js';
import { writeNode } from '../operator.js';
import { quantizePerOutput } from '../tables.js';
import { windowAttributes } from '../window.js';
import { integerCost } from './fit/cost-model.js';
import { QUANTIZED_CONV } from './spec.js';

/** Whether a layer can become a QuantizedConv: sums of its products stay exact. */
export function canQuantize({ inputChannels, window }: DenseLayer): boolean {
  return inputChannels * window.kernel[0] * window.kernel[1] * MAX_WEIGHT * MAX_ACTIVATION < MAX_SUM;
}

/**
 * The layer with 7-bit inputs and int8 weights, of which each output channel has its own scale.
 *
 * @param initializers gets its constants
 */
export function quantizedConvNode(
  { input, output, weight, bias, outputChannels: O, inputChannels: C, window }: DenseLayer,
  { scale, zeroPoint }: ActivationScale,
  name: string,
  initializers: Map<string, TensorValue>,
): Node {
  const { integers, scale: weightScales } = quantizePerOutput(weight, O, weight.length / O);
  const outputScales = weightScales.map((unit) => unit * scale);
  const constants = {
    x_scale: tensorValue('float32', [], Float32Array.of(scale)),
    x_zero_point: tensorValue('uint8', [], Uint8Array.of(zeroPoint)),
    W: tensorValue('int8', [O, C, ...window.kernel], integers),
    scale: tensorValue('float32', [O], outputScales),
    bias: tensorValue('float32', [O], Float32Array.from(bias)),
  };
  return writeNode(QUANTIZED_CONV, name, input, constants, output, windowAttributes(window), initializers);
}

/**
 * What takes a layer's place: a QuantizedConv, for a linear layer between two Reshapes, since its rows are images of one pixel.
 *
 * @param dims of the layer's output; those of a linear layer are [-1, …]
 * @param unique makes a name that nothing has yet
 */
export function integerNodes(
  layer: DenseLayer,
  scale: ActivationScale,
  dims: readonly number[],
  unique: (hint: string) => string,
  initializers: Map<string, TensorValue>,
): Node[] {
  const name = unique(`${layer.node.name}/${QUANTIZED_CONV.name}`);
  if (layer.kind === 'conv') return [quantizedConvNode(layer, scale, name, initializers)];
  const reshape = (hint: string, from: string, shape: readonly number[], to: string): Node => {
    const node = unique(`${layer.node.name}/${hint}`);
    const constant = unique(`${node}.dims`);
    initializers.set(constant, tensorValue('int64', [shape.length], BigInt64Array.from(shape, BigInt)));
    return { name: node, op: 'Reshape', domain: '', inputs: [from, constant], outputs: [to], attributes: {} };
  };
  const [input, output] = [unique(`${name}.images`), unique(`${name}.rows`)];
  return [
    reshape('rows', layer.input, [-1, layer.inputChannels, 1, 1], input),
    quantizedConvNode({ ...layer, input, output }, scale, name, initializers),
    reshape('shape', output, dims, layer.output),
  ];
}

/** In words. */
const FORM = 'integers';

/** Values that the error of rounding the input is taken over. */
const ROUNDED = 1 << 14;

/** What rounding inputs and weights adds to the output, as if all roundings were independent, relative to the output's variance. */
function roundingError({ weight, outputChannels: O }: DenseLayer, { input, scale, variance }: LayerSample): number {
  let [energy, lost, count] = [0, 0, 0];
  const step = Math.max(1, Math.floor(input.batches[0]!.length / ROUNDED)) | 1;
  for (let i = 0; i < input.batches[0]!.length; i += step) {
    const x = input.batches[0]![i]!;
    const rounded = (quantizeActivation(x, scale) - scale.zeroPoint) * scale.scale;
    energy += rounded ** 2;
    lost += (x - rounded) ** 2;
    count++;
  }
  const depth = weight.length / O;
  const { integers, scale: units } = quantizePerOutput(weight, O, depth);
  let error = 0;
  weight.forEach((w, i) => {
    error += (w * w * lost + (w - integers[i]! * units[Math.floor(i / depth)]!) ** 2 * energy) / count;
  });
  return error / variance;
}

/** The fit stage of integer convolutions: rounds weights, and measures nothing but the range of the input. */
export const INTEGER_FIT: FamilyFit = {
  name: 'integer',
  accepts: canQuantize,
  cost: integerCost,
  survey: (layer, sample) => [
    { form: FORM, cost: integerCost(layer, sample.size), relativeError: roundingError(layer, sample) },
  ],
  begin: (pass) => (layer) => {
    const initializers = new Map<string, TensorValue>();
    const dims = [-1, ...pass.output(layer).dims.slice(1)];
    const nodes = integerNodes(layer, pass.activationScale(layer), dims, pass.name, initializers);
    return { nodes, initializers, form: FORM };
  },
};
