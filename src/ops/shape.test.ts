import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, expectSame, f32, filled, i64, infer, tensor } from '../../test/support/operators.js';

const RUNS = { numRuns: 30 };
const dims = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });

describe('Slice', () => {
  // The largest integers mean "to the end" only in the direction of the step; onnxruntime reads more into INT_MAX.
  const bound = fc.oneof(fc.integer({ min: -7, max: 7 }), fc.constantFrom(2 ** 31 - 2, -(2 ** 31)));
  it('matches onnxruntime for any bounds, axes and steps', () =>
    fc.assert(
      fc.asyncProperty(
        dims,
        fc.array(fc.tuple(bound, bound, fc.constantFrom(1, 2, -1, -3)), { minLength: 4, maxLength: 4 }),
        async (shape, rows) => {
          const used = rows.slice(0, shape.length);
          const column = (c: 0 | 1 | 2) => i64(...used.map((row) => row[c]));
          const axes = i64(...shape.map((_, d) => d - (d % 2 ? shape.length : 0)));
          await expectSame({ op: 'Slice', opset: 13, inputs: [filled(shape), column(0), column(1), axes, column(2)] });
        },
      ),
      RUNS,
    ));

  it('takes INT64_MAX as the end', () => {
    const end = tensor('int64', [1], BigInt64Array.of(2n ** 63n - 1n));
    const [y] = evaluate({ op: 'Slice', opset: 13, inputs: [f32([4], [1, 2, 3, 4]), i64(1), end] });
    expect([...(y!.data as Float32Array)]).toEqual([2, 3, 4]);
  });

  it('takes attributes before version 10', () =>
    expectSame({
      op: 'Slice',
      opset: 9,
      inputs: [filled([3, 5])],
      attributes: { starts: [1, -3], ends: [9, -1], axes: [0, 1] },
    }));
});

describe('Pad', () => {
  it.each(['constant', 'edge', 'reflect', 'wrap'])('matches onnxruntime in mode %s, cropping where negative', (mode) =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: -1, max: 2 }), fc.integer({ min: -1, max: 2 })), {
          minLength: 3,
          maxLength: 3,
        }),
        async (pads) => {
          // onnxruntime reads the cropped border when it reflects or wraps: negative pads are compared for the other modes.
          const least = mode === 'constant' || mode === 'edge' ? -1 : 0;
          const flat = [0, 1].flatMap((side) => pads.map((pad) => Math.max(least, pad[side]!)));
          await expectSame({
            op: 'Pad',
            opset: 19,
            inputs: [filled([4, 3, 5]), i64(...flat), f32([], [7])],
            attributes: { mode },
          });
        },
      ),
      RUNS,
    ),
  );

  it('takes attributes before version 11', () =>
    expectSame({ op: 'Pad', opset: 10, inputs: [filled([2, 3])], attributes: { pads: [1, 0, 0, 2], value: 1.5 } }));
});

describe('shapes', () => {
  it('transpose like onnxruntime', () =>
    fc.assert(
      fc.asyncProperty(
        dims.chain((shape) =>
          fc.tuple(
            fc.constant(shape),
            fc.shuffledSubarray(
              shape.map((_, d) => d),
              { minLength: shape.length },
            ),
          ),
        ),
        async ([shape, perm]) => {
          await expectSame({ op: 'Transpose', opset: 13, inputs: [filled(shape)], attributes: { perm } });
        },
      ),
      RUNS,
    ));

  it('tile, expand, split and concatenate like onnxruntime', async () => {
    await expectSame({ op: 'Tile', opset: 13, inputs: [filled([2, 1, 3]), i64(2, 3, 1)] });
    await expectSame({ op: 'Expand', opset: 13, inputs: [filled([3, 1]), i64(2, 1, 4)] });
    await expectSame({
      op: 'Split',
      opset: 18,
      inputs: [filled([2, 7])],
      attributes: { axis: 1, num_outputs: 3 },
      outputs: 3,
    });
    await expectSame({
      op: 'Split',
      opset: 11,
      inputs: [filled([2, 7])],
      attributes: { axis: -1, split: [2, 5] },
      outputs: 2,
    });
    await expectSame({
      op: 'Concat',
      opset: 13,
      inputs: [filled([2, 1, 3]), filled([2, 4, 3], 2), filled([2, 2, 3], 3)],
      attributes: { axis: -2 },
    });
    await expectSame({
      op: 'DepthToSpace',
      opset: 13,
      inputs: [filled([1, 8, 2, 3])],
      attributes: { blocksize: 2, mode: 'CRD' },
    });
    await expectSame({ op: 'SpaceToDepth', opset: 13, inputs: [filled([1, 2, 4, 6])], attributes: { blocksize: 2 } });
  });

  it('squeeze and unsqueeze in both versions', () => {
    expect(
      infer({ op: 'Squeeze', opset: 11, inputs: [filled([1, 3, 1])], attributes: { axes: [-1] } })[0]!.dims,
    ).toEqual([1, 3]);
    expect(infer({ op: 'Squeeze', opset: 13, inputs: [filled([1, 3, 1])] })[0]!.dims).toEqual([3]);
    expect(infer({ op: 'Unsqueeze', opset: 13, inputs: [filled([3]), i64(-1, 0)] })[0]!.dims).toEqual([1, 3, 1]);
    expect(() => infer({ op: 'Unsqueeze', opset: 13, inputs: [filled([3]), i64(0, 0)] })).toThrow(/repeated/);
  });

  it('reshape with 0, −1 and allowzero, and refuse what does not fit', () => {
    const reshape = (shape: number[], x = [2, 3, 4], attributes = {}) =>
      infer({ op: 'Reshape', opset: 14, inputs: [filled(x), i64(...shape)], attributes })[0]!.dims;
    expect(reshape([0, -1])).toEqual([2, 12]);
    expect(reshape([-1, 0], [0, 5])).toEqual([0, 5]);
    expect(reshape([0, 7], [0, 5], { allowzero: 1 })).toEqual([0, 7]);
    expect(() => reshape([5, -1])).toThrow(/does not fit/);
    expect(() => reshape([-1, -1])).toThrow(/does not fit/);
    expect(() => reshape([2, -2])).toThrow(/does not fit/);
    expect(() => reshape([2 ** 40])).toThrow(/does not fit/);
    expect(() => infer({ op: 'Expand', opset: 13, inputs: [filled([1]), i64(2 ** 40)] })).toThrow(/too large/);
    expect(() => infer({ op: 'Tile', opset: 13, inputs: [filled([2, 2]), i64(65536, 65536)] })).toThrow(/too large/);
  });
});
