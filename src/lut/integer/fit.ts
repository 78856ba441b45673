import { denseCost } from '../../convert/dense-cost.js';
import type { DenseLayer } from '../../convert/dense-layers.js';
import type { FamilyFit } from '../../convert/family-fit.js';
import { tensorValue } from '../../graph/tensor.js';
import type { Node, TensorValue } from '../../graph/types.js';
import type { ActivationScale } from '../activation.js';
import { MAX_ACTIVATION, MAX_SUM, MAX_WEIGHT } from '../limits.js';
import { writeNode } from '../operator.js';
import { quantizePerOutput } from '../tables.js';
import { windowAttributes } from '../window.js';
import { QUANTIZED_CONV } from './spec.js';

/** Whether a layer can become a QuantizedConv: sums of its products stay exact. */
export function canQuantize({ kind, inputChannels, window }: DenseLayer): boolean {
  return kind === 'conv' && inputChannels * window.kernel[0] * window.kernel[1] * MAX_WEIGHT * MAX_ACTIVATION < MAX_SUM;
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

/** The fit stage of integer convolutions: rounds weights, and measures nothing but the range of the input. */
export const INTEGER_FIT: FamilyFit = {
  name: 'integer',
  accepts: canQuantize,
  cost(layer, size) {
    const { macs, nanoseconds } = denseCost(layer, size);
    const tableBytes = layer.weight.length + 8 * layer.bias.length;
    return { nanoseconds: nanoseconds / 2, tableBytes, macs, searchMacs: 0, lookups: 0 };
  },
  begin: (pass) => (layer) => {
    const initializers = new Map<string, TensorValue>();
    const name = pass.name(`${layer.node.name}/${QUANTIZED_CONV.name}`);
    const node = quantizedConvNode(layer, pass.activationScale(layer), name, initializers);
    return { nodes: [node], initializers, form: 'integers' };
  },
};
