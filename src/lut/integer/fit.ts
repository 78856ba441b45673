import type { DenseLayer } from '../../convert/dense-layers.js';
import { tensorValue } from '../../graph/tensor.js';
import type { Node, TensorValue } from '../../graph/types.js';
import type { ActivationScale } from '../activation.js';
import { LOOKUP_DOMAIN } from '../domain.js';
import { MAX_ACTIVATION, MAX_SUM, MAX_WEIGHT } from '../limits.js';
import { quantizePerOutput } from '../tables.js';

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
  { node, input, output, weight, bias, outputChannels: O, inputChannels: C, window }: DenseLayer,
  { scale, zeroPoint }: ActivationScale,
  name: string,
  initializers: Map<string, TensorValue>,
): Node {
  const { integers, scale: scales } = quantizePerOutput(weight, O, weight.length / O);
  const constants: Readonly<Record<string, TensorValue>> = {
    x_scale: tensorValue('float32', [], Float32Array.of(scale)),
    x_zero_point: tensorValue('uint8', [], Uint8Array.of(zeroPoint)),
    W: tensorValue('int8', [O, C, ...window.kernel], integers),
    scale: tensorValue(
      'float32',
      [O],
      scales.map((unit) => unit * scale),
    ),
    bias: tensorValue('float32', [O], Float32Array.from(bias)),
  };
  for (const [suffix, value] of Object.entries(constants)) initializers.set(`${name}.${suffix}`, value);
  return {
    ...node,
    name,
    op: 'QuantizedConv',
    domain: LOOKUP_DOMAIN,
    inputs: [input, ...Object.keys(constants).map((suffix) => `${name}.${suffix}`)],
    outputs: [output],
    attributes: { kernel_shape: [...window.kernel], strides: [...window.strides], pads: [...window.pads] },
  };
}
