import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, expectSame, f32, filled, i64, infer, tensor } from '../../test/support/operators.js';
import { erf } from './gelu.js';

/** Two shapes that broadcast: a common shape with axes set to 1 or left out at the front. */
const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }).chain((dims) => {
  const part = fc.tuple(
    fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    fc.integer({ min: 0, max: dims.length }),
  );
  return fc
    .tuple(part, part)
    .map((parts) => parts.map(([ones, skip]) => dims.map((dim, d) => (ones[d] ? 1 : dim)).slice(skip)));
});

describe('broadcasting', () => {
  it.each(['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Less', 'Equal', 'PRelu'])('%s matches onnxruntime', (op) =>
    fc.assert(
      fc.asyncProperty(shapes, async ([a, b]) => {
        // The slope of PRelu broadcasts to its input only.
        const inputs = op === 'PRelu' ? [filled([2, 3, ...a!]), filled(a!, 2)] : [filled(a!), filled(b!, 2)];
        await expectSame({ op, opset: 16, inputs });
      }),
      { numRuns: 8 },
    ),
  );

  it('Where matches onnxruntime', async () => {
    const test = tensor('bool', [3, 1], Uint8Array.of(1, 0, 1));
    await expectSame({ op: 'Where', opset: 16, inputs: [test, filled([1, 4]), filled([2, 1, 1], 2)] });
  });

  it('refuses shapes that do not broadcast and mixed types', () => {
    expect(() => infer({ op: 'Add', opset: 14, inputs: [filled([2, 3]), filled([2, 4])] })).toThrow(/do not broadcast/);
    expect(() => infer({ op: 'Add', opset: 14, inputs: [filled([2]), i64(1, 2)] })).toThrow(/differ in type/);
    expect(() => infer({ op: 'And', opset: 7, inputs: [filled([2]), filled([2])] })).toThrow(
      /UNSUPPORTED|type float32/,
    );
    expect(() => infer({ op: 'Add', opset: 14, inputs: [filled([2])] })).toThrow(/missing/);
  });
});

describe('integers', () => {
  const data = (op: string, a: number[], b: number[], attributes = {}) => [
    ...(evaluate({
      op,
      opset: 13,
      inputs: [tensor('int32', [a.length], Int32Array.from(a)), tensor('int32', [b.length], Int32Array.from(b))],
      attributes,
    })[0]!.data as Int32Array),
  ];

  it('wrap, truncate and take remainders as their type does', () => {
    expect(data('Mul', [123456789, -2], [987654321, 2 ** 30])).toEqual([Math.imul(123456789, 987654321), -(2 ** 31)]);
    expect(data('Div', [7, -7], [2, 2])).toEqual([3, -3]);
    expect(data('Mod', [7, -7, 7], [3, 3, -3])).toEqual([1, 2, -2]);
    expect(data('Mod', [7, -7], [3, 3], { fmod: 1 })).toEqual([1, -1]);
    expect(() => data('Div', [1], [0])).toThrow(/division by zero/);
  });

  it('of 64 bits are exact', () => {
    const big = tensor('int64', [1], BigInt64Array.of(2n ** 62n + 1n));
    const [sum] = evaluate({ op: 'Add', opset: 14, inputs: [big, i64(2)] });
    expect((sum!.data as BigInt64Array)[0]).toBe(2n ** 62n + 3n);
  });
});

describe('functions', () => {
  const UNARY = [
    'Sigmoid',
    'Tanh',
    'Erf',
    'Softplus',
    'Softsign',
    'HardSwish',
    'Elu',
    'Selu',
    'Celu',
    'LeakyRelu',
    'HardSigmoid',
    'Gelu',
    'Mish',
    'Round',
    'Exp',
    'Relu',
  ];
  it.each(UNARY)('%s matches onnxruntime', async (op) => {
    const x = f32([13], [-100, -7.5, -3.1, -2.5, -1, -0.5, 0, 0.5, 1.5, 2.9, 3.5, 20, 88]);
    await expectSame({ op, opset: 20, inputs: [x] }, 2e-6);
  });

  it('erf meets its bound', () => {
    // Values of Abramowitz & Stegun, table 7.1, to more places.
    expect(erf(0.5)).toBeCloseTo(0.5204998778130465, 13);
    expect(erf(-2.9)).toBeCloseTo(-0.9999589021219005, 13);
    expect(erf(3.1)).toBeCloseTo(0.9999883513426328, 13);
    expect(erf(Number.NaN)).toBeNaN();
  });

  it('Clip reads bounds from attributes and from inputs', async () => {
    await expectSame({ op: 'Clip', opset: 10, inputs: [filled([5])], attributes: { min: -0.5, max: 0.5 } });
    await expectSame({ op: 'Clip', opset: 13, inputs: [filled([5]), undefined, f32([], [0.25])] });
    await expectSame({ op: 'Clip', opset: 13, inputs: [i64(-5, 5), tensor('int64', [], BigInt64Array.of(0n))] });
  });
});
