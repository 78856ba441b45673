import { describe, expect, it } from 'vitest';
import { float32, type NodeCase, noise, reference, relativeError, runNode } from '../../../test/run-node.js';
import { lowerReduceMean, lowerSoftmax } from './dense-reduce.js';
import { lowerLayerNorm } from './rare.js';

const int64 = (...values: number[]) => ({
  type: 'int64' as const,
  dims: [values.length],
  data: BigInt64Array.from(values, BigInt),
});

describe('Softmax', () => {
  for (const inner of [1, 2, 3, 4, 5, 7, 8, 33]) {
    it(`rows of ${inner}`, () => {
      const x = float32([3, 5, inner], (i) => ((i * 37) % 101) / 4 - 12);
      const test: NodeCase = { op: 'Softmax', inputs: { x } };
      expect(relativeError(runNode(lowerSoftmax, test, { threads: 2 })!.y, reference(test))).toBeLessThan(1e-6);
    });
  }

  it('flattens before version 13 and declines an inner axis since', () => {
    const test: NodeCase = { op: 'Softmax', attributes: { axis: 1 }, inputs: { x: noise([2, 3, 5], 1) } };
    const old = { ...test, opset: 11 };
    expect(relativeError(runNode(lowerSoftmax, old)!.y, reference(old))).toBeLessThan(1e-6);
    expect(runNode(lowerSoftmax, test)).toBeUndefined();
  });

  it('survives large values, and keeps NaN to its row', () => {
    const x = float32([2, 3], (i) => [1000, 999, -Infinity, 1, NaN, 2][i]!);
    const { y } = runNode(lowerSoftmax, { op: 'Softmax', inputs: { x } })!;
    expect(relativeError(y.subarray(0, 3), Float32Array.of(0.7310586, 0.26894143, 0))).toBeLessThan(1e-6);
    expect(y.subarray(3)).toEqual(Float32Array.of(NaN, NaN, NaN));
  });
});

describe('LayerNormalization', () => {
  for (const inner of [1, 2, 3, 4, 6, 13]) {
    for (const bias of [false, true]) {
      it(`rows of ${inner}${bias ? ' with bias' : ''}`, () => {
        const x = float32([5, inner], (i) => 100 + ((i * 29) % 17));
        const constants = { scale: noise([inner], 2), ...(bias && { bias: noise([inner], 3) }) };
        const test: NodeCase = { op: 'LayerNormalization', attributes: { epsilon: 1e-3 }, inputs: { x }, constants };
        expect(relativeError(runNode(lowerLayerNorm, test, { threads: 2 })!.y, reference(test))).toBeLessThan(2e-5);
      });
    }
  }

  it('over two axes; declines a scale that repeats along them', () => {
    const attributes = { axis: 1 };
    const test: NodeCase = {
      op: 'LayerNormalization',
      attributes,
      inputs: { x: noise([4, 2, 6], 1) },
      constants: { s: noise([2, 6], 2) },
    };
    expect(relativeError(runNode(lowerLayerNorm, test)!.y, reference(test))).toBeLessThan(1e-6);
    const inputs = { x: noise([4, 4], 1) };
    expect(
      runNode(lowerLayerNorm, { op: 'LayerNormalization', inputs, constants: { s: noise([4, 1], 2) } }),
    ).toBeUndefined();
  });
});

describe('ReduceMean', () => {
  const inputs = { x: noise([3, 5, 7, 2], 1) };
  const cases: [string, NodeCase][] = [
    ['last axes by attribute', { op: 'ReduceMean', opset: 13, attributes: { axes: [-1, 2] }, inputs }],
    [
      'last axis by input, axis dropped',
      { op: 'ReduceMean', opset: 18, attributes: { keepdims: 0 }, inputs, constants: { axes: int64(3) } },
    ],
    ['all axes', { op: 'ReduceMean', opset: 13, inputs }],
  ];
  for (const [name, test] of cases) {
    it(name, () => expect(relativeError(runNode(lowerReduceMean, test)!.y, reference(test))).toBeLessThan(1e-6));
  }
  it('declines axes in front', () => {
    expect(
      runNode(lowerReduceMean, { op: 'ReduceMean', opset: 13, attributes: { axes: [1] }, inputs }),
    ).toBeUndefined();
  });
});
