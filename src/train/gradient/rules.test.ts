import { describe, expect, it } from 'vitest';
import { type Build, checkGradients, type NetworkBuilder } from '../../../test/support/gradient.js';
import type { Attribute } from '../../graph/types.js';
import { GRADIENT_RULES } from './rules.js';

/** One operator applied to parameters. */
function operator(
  op: string,
  parameters: (b: NetworkBuilder) => string[],
  attributes: Record<string, Attribute> = {},
  domain = '',
): Build {
  return (b) => b.loss(b.node(op, parameters(b), attributes, { domain }));
}

const unary = (op: string, low: number, high: number, attributes: Record<string, Attribute> = {}, domain = '') =>
  operator(op, (b) => [b.parameter([3, 5], low, high)], attributes, domain);

const ints = (b: NetworkBuilder, ...values: number[]) => b.graph.ints(...values);

const CASES: readonly (readonly [name: string, build: Build, opset?: number])[] = [
  ['Add, broadcast', operator('Add', (b) => [b.parameter([2, 1, 3]), b.parameter([4, 1])])],
  ['Sub, broadcast', operator('Sub', (b) => [b.parameter([3]), b.parameter([2, 4, 3])])],
  ['Mul, broadcast', operator('Mul', (b) => [b.parameter([2, 1, 3]), b.parameter([4, 1])])],
  [
    'Mul by itself',
    (b) => {
      const x = b.parameter([4]);
      return b.loss(b.node('Mul', [x, x]));
    },
  ],
  ['Div, broadcast', operator('Div', (b) => [b.parameter([2, 3]), b.parameter([2, 1], 0.5, 2)])],
  ['Sum of three', operator('Sum', (b) => [b.parameter([2, 3]), b.parameter([3]), b.parameter([2, 1])])],
  ['Pow 2', operator('Pow', (b) => [b.parameter([5]), b.tensor([], [2])])],
  ['Pow, broadcast exponents', operator('Pow', (b) => [b.parameter([2, 1], 0.5, 2), b.tensor([3], [0.5, 3, -1.5])])],
  ['Max', operator('Max', (b) => [b.distinct([2, 3]), b.parameter([3], -0.02, 0.02)])],
  ['Min', operator('Min', (b) => [b.parameter([3], -0.02, 0.02), b.distinct([2, 3])])],
  [
    'Where',
    (b) => {
      const mask = b.graph.constant({ type: 'bool', dims: [3], data: Uint8Array.of(1, 0, 1) });
      return b.loss(b.node('Where', [mask, b.parameter([2, 3]), b.parameter([1])]));
    },
  ],
  ['Identity and Dropout', (b) => b.loss(b.node('Dropout', [b.node('Identity', [b.parameter([4])])]))],
  ['Cast', (b) => b.loss(b.node('Cast', [b.parameter([4])], { to: b.type === 'float64' ? 11 : 1 }))],
  ['Relu', operator('Relu', (b) => [b.distinct([3, 5], 0.1)])],
  ['LeakyRelu', operator('LeakyRelu', (b) => [b.distinct([3, 5], 0.1)], { alpha: 0.3 })],
  ['Clip', operator('Clip', (b) => [b.distinct([4, 5], 0.1), b.tensor([], [-0.52]), b.tensor([], [0.61])])],
  ['Clip from below', operator('Clip', (b) => [b.distinct([4, 5], 0.1), b.tensor([], [0.22])])],
  ['Sigmoid', unary('Sigmoid', -3, 3)],
  ['Tanh', unary('Tanh', -2, 2)],
  ['Exp', unary('Exp', -2, 2)],
  ['Log', unary('Log', 0.2, 2)],
  ['Sqrt', unary('Sqrt', 0.2, 2)],
  ['Reciprocal', unary('Reciprocal', 0.5, 2)],
  ['Neg', unary('Neg', -2, 2)],
  ['Abs', operator('Abs', (b) => [b.distinct([3, 5], 0.1)])],
  ['Softplus', unary('Softplus', -3, 3)],
  ['Erf', unary('Erf', -2, 2)],
  ['HardSigmoid', operator('HardSigmoid', (b) => [b.distinct([4, 5], 0.3)], { alpha: 0.3, beta: 0.45 })],
  ['HardSwish', operator('HardSwish', (b) => [b.distinct([4, 5], 0.37)])],
  ['Gelu', unary('Gelu', -3, 3), 20],
  ['Gelu, tanh', unary('Gelu', -3, 3, { approximate: 'tanh' }), 20],
  ['Gelu of com.microsoft', unary('Gelu', -3, 3, {}, 'com.microsoft')],
  [
    'Gemm',
    operator('Gemm', (b) => [b.parameter([3, 4]), b.parameter([4, 2]), b.parameter([2])], { alpha: 0.5, beta: 2 }),
  ],
  [
    'Gemm, transposed',
    operator('Gemm', (b) => [b.parameter([4, 3]), b.parameter([2, 4]), b.parameter([3, 1])], { transA: 1, transB: 1 }),
  ],
  ['Gemm, transA', operator('Gemm', (b) => [b.parameter([4, 3]), b.parameter([4, 2])], { transA: 1 })],
  ['Gemm, transB', operator('Gemm', (b) => [b.parameter([3, 4]), b.parameter([2, 4])], { transB: 1 })],
  ['MatMul', operator('MatMul', (b) => [b.parameter([3, 4]), b.parameter([4, 2])])],
  ['MatMul, one matrix for a batch', operator('MatMul', (b) => [b.parameter([2, 3, 4]), b.parameter([4, 2])])],
  ['MatMul, broadcast batches', operator('MatMul', (b) => [b.parameter([2, 1, 3, 4]), b.parameter([3, 4, 2])])],
  ['MatMul, vectors', operator('MatMul', (b) => [b.parameter([4]), b.parameter([2, 4, 3])])],
  ['MatMul, vector on the right', operator('MatMul', (b) => [b.parameter([2, 3, 4]), b.parameter([4])])],
  [
    'Conv',
    operator('Conv', (b) => [b.parameter([2, 3, 5, 4]), b.parameter([4, 3, 3, 3]), b.parameter([4])], {
      pads: [1, 1, 1, 1],
    }),
  ],
  [
    'Conv, stride that does not divide',
    operator('Conv', (b) => [b.parameter([2, 2, 6, 7]), b.parameter([3, 2, 3, 3])], {
      strides: [2, 3],
      pads: [1, 0, 0, 1],
    }),
  ],
  [
    'Conv, groups and dilation',
    operator('Conv', (b) => [b.parameter([2, 4, 6, 5]), b.parameter([6, 2, 2, 2])], { group: 2, dilations: [2, 1] }),
  ],
  [
    'Conv, depthwise',
    operator('Conv', (b) => [b.parameter([2, 3, 5, 5]), b.parameter([3, 1, 3, 3]), b.parameter([3])], {
      group: 3,
      strides: [2, 2],
      pads: [1, 1, 1, 1],
    }),
  ],
  ['Conv, 1×1', operator('Conv', (b) => [b.parameter([2, 3, 2, 3]), b.parameter([4, 3, 1, 1])])],
  [
    'Conv, SAME_UPPER',
    operator('Conv', (b) => [b.parameter([1, 2, 5, 6]), b.parameter([2, 2, 3, 2])], {
      strides: [2, 2],
      auto_pad: 'SAME_UPPER',
    }),
  ],
  [
    'Conv, one axis',
    operator('Conv', (b) => [b.parameter([2, 2, 7]), b.parameter([3, 2, 3]), b.parameter([3])], {
      strides: [2],
      pads: [2, 1],
    }),
  ],
  [
    'BatchNormalization, live',
    (b) =>
      b.loss(
        b.node(
          'BatchNormalization',
          [
            b.parameter([3, 2, 2, 3]),
            b.parameter([2], 0.5, 1.5),
            b.parameter([2]),
            b.tensor([2], [0, 0]),
            b.tensor([2], [1, 1]),
          ],
          { training_mode: 1, epsilon: 0.01 },
        ),
      ),
  ],
  [
    'BatchNormalization, live, of constants',
    (b) =>
      b.loss(
        b.node(
          'BatchNormalization',
          [
            b.random([3, 2, 4]),
            b.parameter([2], 0.5, 1.5),
            b.parameter([2]),
            b.tensor([2], [0, 0]),
            b.tensor([2], [1, 1]),
          ],
          { training_mode: 1 },
        ),
      ),
  ],
  [
    'BatchNormalization, folded',
    operator(
      'BatchNormalization',
      (b) => [b.parameter([3, 2, 4]), b.parameter([2]), b.parameter([2]), b.random([2]), b.random([2], 0.5, 2)],
      { epsilon: 0.01 },
    ),
  ],
  [
    'LayerNormalization',
    operator('LayerNormalization', (b) => [b.parameter([2, 3, 4]), b.parameter([4]), b.parameter([4])], {
      epsilon: 0.01,
    }),
  ],
  [
    'LayerNormalization over two axes',
    operator('LayerNormalization', (b) => [b.parameter([2, 3, 4]), b.parameter([3, 4])], { axis: 1, epsilon: 0.01 }),
  ],
  ['Softmax', operator('Softmax', (b) => [b.parameter([2, 3, 4])])],
  ['Softmax over axis 1', operator('Softmax', (b) => [b.parameter([2, 3, 4])], { axis: 1 })],
  ['LogSoftmax', operator('LogSoftmax', (b) => [b.parameter([3, 4])])],
  ['GlobalAveragePool', operator('GlobalAveragePool', (b) => [b.parameter([2, 3, 2, 3])])],
  [
    'MaxPool',
    operator('MaxPool', (b) => [b.distinct([2, 2, 5, 6])], {
      kernel_shape: [3, 2],
      strides: [2, 2],
      pads: [1, 0, 1, 0],
    }),
  ],
  [
    'MaxPool, overlapping',
    operator('MaxPool', (b) => [b.distinct([1, 2, 7])], { kernel_shape: [3], ceil_mode: 1, strides: [2] }),
  ],
  [
    'AveragePool',
    operator('AveragePool', (b) => [b.parameter([2, 2, 4, 6])], { kernel_shape: [2, 3], strides: [2, 3] }),
  ],
  [
    'AveragePool, padded',
    operator('AveragePool', (b) => [b.parameter([1, 2, 6, 5])], {
      kernel_shape: [3, 3],
      strides: [2, 2],
      pads: [1, 1, 0, 1],
    }),
  ],
  [
    'AveragePool, padding counts',
    operator('AveragePool', (b) => [b.parameter([1, 2, 5, 5])], {
      kernel_shape: [3, 2],
      pads: [1, 0, 1, 1],
      count_include_pad: 1,
    }),
  ],
  [
    'AveragePool, ceil_mode',
    operator('AveragePool', (b) => [b.parameter([1, 1, 6])], { kernel_shape: [3], strides: [2], ceil_mode: 1 }),
  ],
  ['ReduceSum', operator('ReduceSum', (b) => [b.parameter([2, 3, 4]), ints(b, 0, -1)], { keepdims: 0 })],
  ['ReduceMean, axes as an attribute', operator('ReduceMean', (b) => [b.parameter([2, 3, 4])], { axes: [1] })],
  ['ReduceMean of all', operator('ReduceMean', (b) => [b.parameter([2, 3])], { keepdims: 0 })],
  ['ReduceMax', operator('ReduceMax', (b) => [b.distinct([2, 3, 4])], { axes: [1, 2], keepdims: 0 })],
  ['ReduceMin', operator('ReduceMin', (b) => [b.distinct([2, 3, 4])], { axes: [0] })],
  ['Reshape', operator('Reshape', (b) => [b.parameter([2, 6]), ints(b, 3, -1)])],
  ['Flatten', operator('Flatten', (b) => [b.parameter([2, 3, 2])])],
  [
    'Squeeze and Unsqueeze',
    (b) => b.loss(b.node('Unsqueeze', [b.node('Squeeze', [b.parameter([2, 1, 3]), ints(b, 1)]), ints(b, 0, 2)])),
  ],
  ['Transpose', operator('Transpose', (b) => [b.parameter([2, 3, 4])], { perm: [2, 0, 1] })],
  ['Transpose, reversed', operator('Transpose', (b) => [b.parameter([2, 3, 4])])],
  ['Expand', operator('Expand', (b) => [b.parameter([3, 1]), ints(b, 2, 3, 4)])],
  ['Concat', operator('Concat', (b) => [b.parameter([2, 1]), b.random([2, 2]), b.parameter([2, 3])], { axis: -1 })],
  [
    'Split',
    (b) => {
      b.node('Split', [b.parameter([2, 5]), ints(b, 1, 2, 2)], { axis: 1 }, { outputs: ['first', 'second', 'third'] });
      return b.loss('first', 'third');
    },
  ],
  [
    'Split into equal parts',
    (b) => {
      b.node('Split', [b.parameter([4, 2])], {}, { outputs: ['first', 'second'] });
      return b.loss('first', 'second');
    },
  ],
  ['Slice', operator('Slice', (b) => [b.parameter([4, 5]), ints(b, 1, -4), ints(b, 3, 100), ints(b, 0, 1)])],
  [
    'Slice, steps',
    operator('Slice', (b) => [b.parameter([7, 6]), ints(b, 1, 0), ints(b, 7, 6), ints(b, 0, 1), ints(b, 2, 3)]),
  ],
  [
    'Slice, backwards',
    operator('Slice', (b) => [
      b.parameter([7, 5]),
      ints(b, 5, -1),
      ints(b, -100, -100),
      ints(b, 0, 1),
      ints(b, -2, -1),
    ]),
  ],
  ['Pad', operator('Pad', (b) => [b.parameter([2, 3]), ints(b, 1, 0, 0, 2), b.tensor([], [3])])],
  ['Pad that crops', operator('Pad', (b) => [b.parameter([4, 4]), ints(b, -1, 2, 1, -2)])],
  [
    'Gather',
    operator('Gather', (b) => [
      b.parameter([4, 3]),
      b.graph.constant({ type: 'int64', dims: [2, 3], data: BigInt64Array.of(0n, 3n, 0n, -1n, 2n, 0n) }),
    ]),
  ],
  [
    'Gather along axis 1',
    operator(
      'Gather',
      (b) => [b.parameter([2, 4, 3]), b.graph.constant({ type: 'int32', dims: [3], data: Int32Array.of(1, 1, 3) })],
      { axis: 1 },
    ),
  ],
  [
    'Gather of one',
    operator(
      'Gather',
      (b) => [b.parameter([3, 2]), b.graph.constant({ type: 'int32', dims: [], data: Int32Array.of(1) })],
      { axis: 0 },
    ),
  ],
  [
    'MeanSquaredError',
    (b) => b.node('MeanSquaredError', [b.parameter([2, 3]), b.parameter([2, 3])], {}, { domain: 'lutra.train' }),
  ],
  [
    'SoftmaxCrossEntropy, class numbers',
    (b) => {
      const target = b.graph.constant({ type: 'int64', dims: [3], data: BigInt64Array.of(1n, 0n, 3n) });
      return b.node('SoftmaxCrossEntropy', [b.parameter([3, 4], -2, 2), target], {}, { domain: 'lutra.train' });
    },
  ],
  [
    'SoftmaxCrossEntropy, probabilities and smoothing',
    (b) =>
      b.node(
        'SoftmaxCrossEntropy',
        [b.parameter([2, 3], -2, 2), b.tensor([2, 3], [0.5, 0.25, 0.25, 0, 0.25, 0.75])],
        { smoothing: 0.1 },
        { domain: 'lutra.train' },
      ),
  ],
  [
    'DistillationLoss',
    (b) =>
      b.node(
        'DistillationLoss',
        [b.parameter([3, 4], -4, 4), b.random([3, 4], -4, 4)],
        { temperature: 2 },
        { domain: 'lutra.train' },
      ),
  ],
  [
    'a loss of two losses',
    (b) => {
      const target = b.graph.constant({ type: 'int32', dims: [2], data: Int32Array.of(1, 0) });
      const logits = b.parameter([2, 3]);
      const entropy = b.node('SoftmaxCrossEntropy', [logits, target], {}, { domain: 'lutra.train' });
      const distance = b.node('MeanSquaredError', [logits, b.random([2, 3])], {}, { domain: 'lutra.train' });
      return b.node('Add', [b.node('Mul', [entropy, b.tensor([], [0.5])]), distance]);
    },
  ],
];

describe('gradients equal central differences, and so in onnxruntime', () => {
  it.each(CASES.map(([name, build, opset]) => ({ name, build, opset })))('$name', async ({ build, opset }) => {
    await checkGradients(build, opset);
  });
});

describe('the list of rules', () => {
  it('has no operator twice', () => {
    const names = GRADIENT_RULES.map(({ domain, op }) => `${domain}:${op}`);
    expect(new Set(names).size).toBe(names.length);
  });
  it('has a case for every rule that passes a gradient', () => {
    const text = CASES.map(([name]) => name).join(' ');
    const missing = GRADIENT_RULES.filter(({ op }) => !text.includes(op)).map(({ op }) => op);
    expect(missing).toEqual(['Accuracy', 'StopGradient', 'StraightThrough'].filter((op) => missing.includes(op)));
    expect(missing).toHaveLength(3);
  });
});
