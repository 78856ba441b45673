import { describe, expect, it } from 'vitest';
import { evaluate, expectSame, f32, filled, i64, infer, tensor } from '../../test/support/operators.js';

const positive = (length: number) =>
  f32(
    [length],
    Array.from({ length }, (_, i) => 0.5 + i / 7),
  );

describe('softmax family', () => {
  it.each(['Softmax', 'LogSoftmax', 'Hardmax'])('%s matches onnxruntime in both meanings of axis', async (op) => {
    const x = filled([2, 3, 4]);
    await expectSame({ op, opset: 11, inputs: [x], attributes: { axis: 1 } });
    await expectSame({ op, opset: 13, inputs: [x], attributes: { axis: 1 } });
    await expectSame({ op, opset: 13, inputs: [x] });
  });
});

describe('normalizations match onnxruntime', () => {
  it('over batches', async () => {
    const inputs = [filled([2, 3, 4, 5]), filled([3], 2), filled([3], 3), filled([3], 4), positive(3)];
    for (const opset of [7, 9, 14, 15])
      await expectSame({ op: 'BatchNormalization', opset, inputs, attributes: { epsilon: 1e-3 } });
  });

  it('over instances, layers and groups', async () => {
    const x = filled([2, 4, 3, 3]);
    const channels = [filled([4], 2), filled([4], 3)];
    await expectSame({ op: 'InstanceNormalization', opset: 6 + 1, inputs: [x, ...channels] });
    await expectSame({
      op: 'LayerNormalization',
      opset: 17,
      inputs: [x, filled([3, 3], 2), filled([3, 3], 3)],
      attributes: { axis: 2 },
      outputs: 3,
    });
    await expectSame({ op: 'GroupNormalization', opset: 21, inputs: [x, ...channels], attributes: { num_groups: 2 } });
    await expectSame({ op: 'LRN', opset: 13, inputs: [x], attributes: { size: 3, alpha: 0.5, beta: 0.6, bias: 2 } });
  });
});

describe('reductions', () => {
  const REDUCTIONS = [
    'ReduceMean',
    'ReduceMax',
    'ReduceMin',
    'ReduceProd',
    'ReduceL1',
    'ReduceL2',
    'ReduceSumSquare',
    'ReduceLogSumExp',
  ];
  it.each(REDUCTIONS)('%s matches onnxruntime', async (op) => {
    const x = filled([3, 2, 4]);
    await expectSame({ op, opset: 13, inputs: [x], attributes: { axes: [0, -1], keepdims: 0 } });
    await expectSame({ op, opset: 13, inputs: [x] });
    await expectSame({ op, opset: 18, inputs: [x, i64(1)] });
  });

  it('match onnxruntime along an axis', async () => {
    const x = filled([3, 4, 2]);
    await expectSame({ op: 'ReduceSum', opset: 13, inputs: [x, i64(-2)], attributes: { keepdims: 0 } });
    await expectSame({ op: 'ArgMax', opset: 13, inputs: [x], attributes: { axis: 1, keepdims: 0 } });
    await expectSame({ op: 'TopK', opset: 11, inputs: [x, i64(2)], attributes: { axis: 1 }, outputs: 2 });
    await expectSame({
      op: 'CumSum',
      opset: 14,
      inputs: [x, tensor('int64', [], BigInt64Array.of(1n))],
      attributes: { reverse: 1, exclusive: 1 },
    });
  });

  it('refuse bad axes', () => {
    expect(() => infer({ op: 'ReduceSum', opset: 13, inputs: [filled([2, 2]), i64(2)] })).toThrow(/out of range/);
    expect(() => infer({ op: 'TopK', opset: 11, inputs: [filled([2, 2]), i64(3)] })).toThrow(/out of range/);
  });
});

describe('gathering', () => {
  const matrix = filled([4, 3]);
  it('matches onnxruntime, negative indices included', async () => {
    const indices = tensor('int64', [2, 2], BigInt64Array.of(0n, -1n, 2n, 1n));
    await expectSame({ op: 'Gather', opset: 13, inputs: [matrix, indices], attributes: { axis: 1 } });
    await expectSame({ op: 'GatherElements', opset: 13, inputs: [matrix, indices] });
    await expectSame({ op: 'GatherND', opset: 13, inputs: [matrix, indices] });
    await expectSame({
      op: 'ScatterElements',
      opset: 16,
      inputs: [matrix, indices, filled([2, 2], 3)],
      attributes: { reduction: 'add' },
    });
  });

  it('never reads outside of the data', () => {
    expect(() => evaluate({ op: 'Gather', opset: 13, inputs: [matrix, i64(4)] })).toThrow(/out of range/);
    expect(() => evaluate({ op: 'GatherND', opset: 13, inputs: [matrix, i64(0, -4)] })).toThrow(/out of range/);
  });
});

describe('quantization matches onnxruntime', () => {
  const scale = positive(3);
  const zero = tensor('int8', [3], Int8Array.of(3, 0, -5));
  it('per tensor and per axis', async () => {
    await expectSame({
      op: 'QuantizeLinear',
      opset: 13,
      inputs: [filled([2, 3, 5]), scale, zero],
      attributes: { axis: -2 },
    });
    await expectSame({ op: 'QuantizeLinear', opset: 10, inputs: [f32([4], [0.5, 1.5, 2.5, 1e9]), f32([], [1])] });
    const stored = tensor('int8', [3, 2], Int8Array.of(-128, 127, 0, 1, 2, 3));
    await expectSame({ op: 'DequantizeLinear', opset: 13, inputs: [stored, scale, zero], attributes: { axis: 0 } });
    await expectSame({ op: 'DynamicQuantizeLinear', opset: 11, inputs: [filled([3, 7])], outputs: 3 });
  });

  it('of convolutions and products', async () => {
    const bytes = (dims: number[], step: number) => {
      const count = dims.reduce((a, b) => a * b, 1);
      return tensor(
        'uint8',
        dims,
        Uint8Array.from({ length: count }, (_, i) => (i * step) % 256),
      );
    };
    const one = (x: number) => tensor('uint8', [], Uint8Array.of(x));
    const s = (x: number) => f32([], [x]);
    const weights = [bytes([4, 3, 3, 3], 91), s(0.02), one(128)];
    await expectSame({
      op: 'QLinearConv',
      opset: 10,
      inputs: [bytes([1, 3, 5, 5], 37), s(0.01), one(120), ...weights, s(0.05), one(99)],
      attributes: { pads: [1, 1, 1, 1] },
    });
    await expectSame({ op: 'ConvInteger', opset: 10, inputs: [bytes([1, 3, 5, 5], 37), weights[0], one(7)] });
    await expectSame({
      op: 'MatMulInteger',
      opset: 10,
      inputs: [bytes([3, 4], 37), bytes([4, 5], 11), one(9), one(3)],
    });
  });
});
