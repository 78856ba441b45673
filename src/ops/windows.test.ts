import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, expectSame, f32, filled, infer } from '../../test/support/operators.js';

const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));
const RUNS = { numRuns: 25 };

/** A sliding window: the padded input holds it at least once, and it is larger than the padding. */
const slidingWindow = fc
  .record({
    size: pair(1, 9),
    kernel: pair(1, 3),
    strides: pair(1, 3),
    dilations: pair(1, 2),
    begins: pair(0, 2),
    ends: pair(0, 2),
  })
  .filter(({ size, kernel, dilations, begins, ends }) =>
    size.every((length, d) => {
      const extent = (kernel[d]! - 1) * dilations[d]! + 1;
      return length + begins[d]! + ends[d]! >= extent && Math.max(begins[d]!, ends[d]!) < kernel[d]!;
    }),
  );

describe('convolutions', () => {
  it('match onnxruntime for random windows and groups', () =>
    fc.assert(
      fc.asyncProperty(
        slidingWindow,
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 2 }),
        async (g, group, depth) => {
          await expectSame({
            op: 'Conv',
            opset: 13,
            inputs: [
              filled([2, group * depth, ...g.size]),
              filled([group * 2, depth, ...g.kernel], 2),
              filled([group * 2], 3),
            ],
            attributes: { group, strides: g.strides, dilations: g.dilations, pads: [...g.begins, ...g.ends] },
          });
        },
      ),
      RUNS,
    ));

  it('match onnxruntime transposed, with output padding', () =>
    fc.assert(
      fc.asyncProperty(slidingWindow, pair(0, 1), fc.integer({ min: 1, max: 2 }), async (g, extra, group) => {
        const padding = extra.map((pad, d) => Math.min(pad, g.strides[d]! - 1));
        const test = {
          op: 'ConvTranspose',
          opset: 13,
          inputs: [filled([1, group * 2, ...g.size]), filled([group * 2, 2, ...g.kernel], 2), filled([group * 2], 3)],
          attributes: {
            group,
            strides: g.strides,
            dilations: g.dilations,
            pads: [...g.begins, ...g.ends],
            output_padding: padding,
          },
        };
        fc.pre(
          g.size.every(
            (n, d) =>
              (n - 1) * g.strides[d]! + (g.kernel[d]! - 1) * g.dilations[d]! + 1 + padding[d]! >
              g.begins[d]! + g.ends[d]!,
          ),
        );
        await expectSame(test);
      }),
      RUNS,
    ));

  it.each(['SAME_UPPER', 'SAME_LOWER', 'VALID'])('match onnxruntime with auto_pad %s', async (auto_pad) => {
    const attributes = { auto_pad, strides: [2, 3] };
    await expectSame({ op: 'Conv', opset: 11, inputs: [filled([1, 2, 7, 8]), filled([3, 2, 3, 2], 2)], attributes });
    await expectSame({
      op: 'ConvTranspose',
      opset: 11,
      inputs: [filled([1, 2, 4, 3]), filled([2, 3, 3, 2], 2)],
      attributes,
    });
  });

  it('run over one and three spatial axes', async () => {
    await expectSame({
      op: 'Conv',
      opset: 22,
      inputs: [filled([2, 4, 11]), filled([6, 2, 5], 2)],
      attributes: { group: 2, pads: [3, 1] },
    });
    await expectSame({ op: 'Conv', opset: 11, inputs: [filled([1, 2, 4, 3, 5]), filled([2, 2, 2, 3, 1], 2)] });
  });

  it('refuse what does not fit, naming the node', () => {
    const conv =
      (x: number[], w: number[], attributes = {}) =>
      () =>
        infer({ op: 'Conv', opset: 13, inputs: [filled(x), filled(w)], attributes });
    expect(conv([1, 3, 8, 8], [4, 2, 3, 3])).toThrow(/node \(Conv\): channels/);
    expect(conv([1, 2, 2, 2], [4, 2, 3, 3])).toThrow(/window is larger/);
    expect(conv([1, 2, 8, 8], [4, 2, 3, 3], { strides: [0, 1] })).toThrow(/strides/);
    expect(conv([1, 2, 8, 8], [3, 1, 3, 3], { group: 2 })).toThrow(/multiple of group/);
    expect(conv([1, 2, 8, 8], [4, 2, 3, 3], { colour: 1 })).toThrow(/colour/);
  });
});

/** Every window holds an element of the input. */
const occupied = slidingWindow.filter(({ size, kernel, strides, dilations, begins, ends }) =>
  size.every((length, d) => {
    for (let at = -begins[d]!; at < length + ends[d]!; at += strides[d]!) {
      const taps = Array.from({ length: kernel[d]! }, (_, k) => at + k * dilations[d]!);
      if (!taps.some((tap) => tap >= 0 && tap < length)) return false;
    }
    return true;
  }),
);

describe('pools', () => {
  it('match onnxruntime for random windows, with ceil_mode', () =>
    fc.assert(
      fc.asyncProperty(occupied, fc.boolean(), async (g, ceil) => {
        const shared = {
          kernel_shape: g.kernel,
          strides: g.strides,
          pads: [...g.begins, ...g.ends],
          ceil_mode: ceil ? 1 : 0,
        };
        const x = filled([1, 2, ...g.size]);
        await expectSame({
          op: 'MaxPool',
          opset: 12,
          inputs: [x],
          attributes: { ...shared, dilations: g.dilations },
          outputs: 2,
        });
      }),
      RUNS,
    ));

  it('average as onnxruntime does, with and without the padding', () =>
    fc.assert(
      fc.asyncProperty(occupied, fc.boolean(), fc.boolean(), async (g, ceil, include) => {
        fc.pre(g.size.every((n, d) => n + g.begins[d]! + g.ends[d]! >= (g.kernel[d]! - 1) * g.dilations[d]! + 1));
        const attributes = {
          kernel_shape: g.kernel,
          strides: g.strides,
          dilations: g.dilations,
          pads: [...g.begins, ...g.ends],
          ceil_mode: ceil ? 1 : 0,
          count_include_pad: include ? 1 : 0,
        };
        await expectSame({ op: 'AveragePool', opset: 19, inputs: [filled([1, 2, ...g.size])], attributes });
      }),
      RUNS,
    ));

  it('refuse windows without elements', () => {
    const attributes = { kernel_shape: [2], dilations: [2], pads: [1, 1] };
    expect(() => infer({ op: 'MaxPool', opset: 12, inputs: [filled([1, 1, 1])], attributes })).toThrow(
      /wholly in the padding/,
    );
  });

  it('let NaN win', () => {
    const [y] = evaluate({
      op: 'MaxPool',
      opset: 12,
      inputs: [f32([1, 1, 3], [1, Number.NaN, 2])],
      attributes: { kernel_shape: [2] },
    });
    expect([...(y!.data as Float32Array)]).toEqual([Number.NaN, Number.NaN]);
  });
});
