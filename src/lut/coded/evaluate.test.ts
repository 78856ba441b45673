import { describe, expect, it } from 'vitest';
import { tensorValue } from '../../graph/tensor.js';
import type { Node, TensorValue } from '../../graph/types.js';
import { LOOKUP_OPERATORS } from '../evaluate.js';

const operator = (name: string) => LOOKUP_OPERATORS.find((candidate) => candidate.name === name)!;
const node = (op: string, attributes: Node['attributes']): Node => ({
  ...{ name: 'layer', op, domain: 'lutra', attributes, outputs: ['y'] },
  inputs: ['a', 'b', 'c', 'd', 'e', 'f'].slice(0, op === 'LookUp' ? 4 : op === 'QuantizedConv' ? 6 : 5),
});
const infer = (op: string, attributes: Node['attributes'], inputs: readonly TensorValue[]) =>
  operator(op).infer({ node: node(op, attributes), opset: 1, inputs: inputs.map((value) => ({ ...value, value })) });

const ENCODE = { K: 2, kernel_shape: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], group: 1 };
const encodeInputs = (Q = [1, -1], b = [0, 0], scale = 0.5, zero = 1): TensorValue[] => [
  tensorValue('float32', [1, 1, 1, 3], Float32Array.of(0.75, -0.25, Number.NaN)),
  tensorValue('float32', [], Float32Array.of(scale)),
  tensorValue('uint8', [], Uint8Array.of(zero)),
  tensorValue('int8', [2, 1, 1, 1], Int8Array.from(Q)),
  tensorValue('int32', [2], Int32Array.from(b)),
];

describe('Encode', () => {
  it('takes the highest score, and the lowest index among equals', () => {
    const codes = new Uint8Array(3);
    // Activations 3, 1 and 0 (NaN), less the zero point: 2, 0, −1; scores ±a.
    operator('Encode').evaluate({ node: node('Encode', ENCODE), opset: 1, inputs: encodeInputs() }, [
      { type: 'uint8', dims: [1, 1, 1, 3], data: codes },
    ]);
    expect([...codes]).toEqual([0, 0, 1]);
  });

  it.each([
    ['scale', encodeInputs(undefined, undefined, 0), ENCODE, 'x_scale is out of range'],
    ['zero point', encodeInputs(undefined, undefined, 1, 128), ENCODE, 'x_zero_point is out of range'],
    ['weight', encodeInputs([-128, 0]), ENCODE, 'Q is out of range'],
    ['bias', encodeInputs(undefined, [2 ** 23, 0]), ENCODE, 'b is out of range'],
    ['K', encodeInputs(), { ...ENCODE, K: 65 }, 'K is out of range'],
    ['group', encodeInputs(), { ...ENCODE, group: 2 }, 'group does not divide the channels'],
    ['rows of Q', encodeInputs(), { ...ENCODE, K: 3 }, 'Q has the wrong shape'],
  ])('refuses a wrong %s', (_, inputs, attributes, message) => {
    expect(() => infer('Encode', attributes, inputs)).toThrow(message);
  });
});

describe('LookUp', () => {
  const inputs = (codes: number[], table = [1, 2, 3, 4]): TensorValue[] => [
    tensorValue('uint8', [1, 1, 1, 2], Uint8Array.from(codes)),
    tensorValue('int8', [2, 2, 1, 1], Int8Array.from(table)),
    tensorValue('float32', [2], Float32Array.of(0.5, 2)),
    tensorValue('float32', [2], Float32Array.of(0, 1)),
  ];

  it('adds the rows that the codes name, and nothing outside the image', () => {
    const attributes = { K: 2, kernel_shape: [1, 1], pads: [0, 0, 0, 1] };
    const [type] = infer('LookUp', attributes, inputs([0, 1]));
    expect(type).toEqual({ type: 'float32', dims: [1, 2, 1, 3] });
    const y = new Float32Array(6);
    const context = { node: node('LookUp', attributes), opset: 1, inputs: inputs([0, 1]) };
    operator('LookUp').evaluate(context, [{ ...type!, data: y }]);
    expect([...y]).toEqual([0.5, 1, 0, 7, 9, 1]);
  });

  it('refuses codes, tables and shapes that do not fit', () => {
    expect(() => infer('LookUp', { K: 2 }, inputs([0, 2]))).toThrow('codes is out of range');
    expect(() => infer('LookUp', { K: 2 }, inputs([0, 1], [-128, 0, 0, 0]))).toThrow('table is out of range');
    expect(() => infer('LookUp', { K: 4 }, inputs([0, 1]))).toThrow('table and codes do not fit');
    const context = { node: node('LookUp', { K: 2 }), opset: 1, inputs: inputs([0, 5]) };
    const y = { type: 'float32', dims: [1, 2, 1, 2], data: new Float32Array(4) } as const;
    expect(() => operator('LookUp').evaluate(context, [y])).toThrow('a code is out of range');
  });
});

describe('QuantizedConv', () => {
  const inputs = (W = [2, -3], scale = [0.5], zero = 1): TensorValue[] => [
    ...encodeInputs(undefined, undefined, 0.5, zero).slice(0, 3),
    tensorValue('int8', [1, 1, 1, 2], Int8Array.from(W)),
    tensorValue('float32', [scale.length], Float32Array.from(scale)),
    tensorValue('float32', [1], Float32Array.of(10)),
  ];
  const attributes = { kernel_shape: [1, 2], pads: [0, 0, 0, 1] };

  it('multiplies activations less their zero point, which is what lies outside of the image', () => {
    const [type] = infer('QuantizedConv', attributes, inputs());
    expect(type).toEqual({ type: 'float32', dims: [1, 1, 1, 3] });
    const y = new Float32Array(3);
    // Activations 3, 1 and 0 (NaN), less the zero point: 2, 0, −1.
    const context = { node: node('QuantizedConv', attributes), opset: 1, inputs: inputs() };
    operator('QuantizedConv').evaluate(context, [{ ...type!, data: y }]);
    expect([...y]).toEqual([12, 11.5, 9]);
  });

  it.each([
    ['weight', inputs([-128, 0]), attributes, 'W is out of range'],
    ['zero point', inputs(undefined, undefined, 200), attributes, 'x_zero_point is out of range'],
    ['scale', inputs(undefined, [1, 2]), attributes, 'scale has the wrong shape'],
    ['kernel', inputs(), { kernel_shape: [2, 2] }, 'kernel_shape does not repeat'],
    ['attribute', inputs(), { ...attributes, group: 1 }, 'attribute group is not supported'],
  ])('refuses a wrong %s', (_, given, wrong, message) => {
    expect(() => infer('QuantizedConv', wrong, given)).toThrow(message);
  });

  it('refuses sums that float32 could not hold', () => {
    const channels = 1100;
    const large = [
      tensorValue('float32', [1, channels, 1, 1], new Float32Array(channels)),
      ...inputs().slice(1, 3),
      tensorValue('int8', [1, channels, 1, 1], new Int8Array(channels)),
      ...inputs().slice(4),
    ];
    expect(() => infer('QuantizedConv', {}, large)).toThrow('sums may exceed 2^24');
  });
});
