import { type FamilyFit, QUANTIZED_CONV, quantizePerOutput, writeNode } from '../../src/lut/index.js';
import { SQUARES, TABLE } from './spec.js';

/** Replaces convolutions of single pixels, with the weights rounded to int8. */
export const SQUARES_FIT: FamilyFit = {
  name: 'squares',
  accepts: ({ kind, window }) =>
    kind === 'conv' && [...window.kernel, ...window.strides].every((n) => n === 1) && window.pads.every((n) => n === 0),
  cost({ weight, bias }, [height, width]) {
    const lookups = 2 * weight.length * height * width;
    return {
      nanoseconds: lookups,
      tableBytes: weight.length + 8 * bias.length + TABLE.byteLength,
      macs: 0,
      searchMacs: 0,
      lookups,
    };
  },
  begin: (pass) => (layer) => {
    const { input, output, weight, bias, outputChannels: M, inputChannels: C } = layer;
    const { scale, zeroPoint } = pass.activationScale(layer);
    const rounded = quantizePerOutput(weight, M, C);
    const initializers = new Map();
    const constants = {
      x_scale: { type: 'float32', dims: [], data: Float32Array.of(scale) },
      x_zero_point: { type: 'uint8', dims: [], data: Uint8Array.of(zeroPoint) },
      W: { type: 'int8', dims: [M, C, 1, 1], data: rounded.integers },
      squares: { type: 'int32', dims: [TABLE.length], data: TABLE },
      scale: { type: 'float32', dims: [M], data: rounded.scale.map((unit) => unit * scale) },
      bias: { type: 'float32', dims: [M], data: Float32Array.from(bias) },
    } as const;
    const name = pass.name(`${layer.node.name}/${SQUARES.name}`);
    const node = writeNode(SQUARES, name, input, constants, output, {}, initializers);
    return { nodes: [node], initializers, form: `squares instead of ${QUANTIZED_CONV.name}` };
  },
};
