import { describe, expect, it } from 'vitest';
import { expectSame, f32, filled, i64, infer, tensor } from '../../test/support/operators.js';

const MODES = ['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'];
const SCALES = [f32([4], [1, 1, 2, 3]), f32([4], [1, 1, 0.5, 1.5]), f32([4], [1, 1, 0.25, 0.5])];

describe('Resize', () => {
  const cases = MODES.flatMap((mode) =>
    SCALES.map((scales) => [mode, [...(scales.data as Float32Array)], scales] as const),
  );
  it.each(cases)(
    'linear and cubic match onnxruntime: %s, scales %s',
    async (coordinate_transformation_mode, _, scales) => {
      const inputs = [filled([1, 2, 4, 6]), undefined, scales];
      await expectSame({
        op: 'Resize',
        opset: 13,
        inputs,
        attributes: { mode: 'linear', coordinate_transformation_mode },
      });
      await expectSame(
        { op: 'Resize', opset: 13, inputs, attributes: { mode: 'cubic', coordinate_transformation_mode } },
        1e-4,
      );
    },
  );

  it.each(['nearest', 'linear'])('version 10 matches onnxruntime: %s', async (mode) => {
    for (const scales of [...SCALES, f32([4], [1, 1, 0.6, 0.3])]) {
      await expectSame({ op: 'Resize', opset: 10, inputs: [filled([1, 2, 5, 7]), scales], attributes: { mode } });
    }
  });

  it.each(['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'])(
    'nearest matches onnxruntime: %s',
    async (nearest_mode) => {
      for (const coordinate_transformation_mode of MODES) {
        for (const sizes of [i64(1, 2, 8, 9), i64(1, 2, 3, 2)]) {
          const attributes = { mode: 'nearest', nearest_mode, coordinate_transformation_mode };
          await expectSame({
            op: 'Resize',
            opset: 13,
            inputs: [filled([1, 2, 4, 6]), undefined, undefined, sizes],
            attributes,
          });
        }
      }
    },
  );

  it('matches onnxruntime in its older versions', async () => {
    const scales = SCALES[1]!;
    for (const mode of ['nearest', 'linear']) {
      await expectSame({ op: 'Resize', opset: 10, inputs: [filled([1, 1, 4, 6]), scales], attributes: { mode } });
      await expectSame({ op: 'Upsample', opset: 9, inputs: [filled([1, 1, 4, 6]), SCALES[0]], attributes: { mode } });
      await expectSame({
        op: 'Upsample',
        opset: 7,
        inputs: [filled([1, 1, 4, 6])],
        attributes: { mode, scales: [1, 1, 2, 2] },
      });
    }
  });

  it('crops and resizes', () =>
    expectSame({
      op: 'Resize',
      opset: 13,
      inputs: [filled([1, 1, 4, 4]), f32([8], [0, 0, 0.4, 0.6, 1, 1, 1.2, 0.9]), undefined, i64(1, 1, 3, 3)],
      attributes: { mode: 'linear', coordinate_transformation_mode: 'tf_crop_and_resize', extrapolation_value: 10 },
    }));

  it('refuses contradictions', () => {
    const resize =
      (...inputs: Parameters<typeof infer>[0]['inputs']) =>
      () =>
        infer({ op: 'Resize', opset: 13, inputs });
    const x = filled([1, 1, 4, 4]);
    expect(resize(x)).toThrow(/exactly one/);
    expect(resize(x, undefined, SCALES[0], i64(1, 1, 2, 2))).toThrow(/exactly one/);
    expect(resize(x, undefined, f32([2], [2, 2]))).toThrow(/wrong length/);
    expect(resize(x, undefined, f32([4], [1, 1, 0, 2]))).toThrow(/out of range/);
    expect(resize(x, undefined, undefined, i64(1, 1, 2 ** 31, 1))).toThrow(/too large/);
    expect(resize(tensor('string', [1], ['a']))).toThrow(/string/);
  });
});
