import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float32, type NodeCase, noise, reference, relativeError, runNode } from '../../../test/run-node.js';
import { applyEpilogue } from '../../engine/epilogue.js';
import type { Activation } from '../../graph/types.js';
import { CORE_OPERATOR_SET } from '../../ops/core.js';
import { DENSE_RULES } from './dense.js';
import { RARE_RULES } from './rare.js';

const run = (test: NodeCase, threads = 1) =>
  runNode({ ...DENSE_RULES, ...RARE_RULES }[`${test.domain ?? ''}:${test.op}`]!, test, { threads });

describe('functions of one value', () => {
  /** Largest |error| / max(|value|, floor) over −100..100; floor 0 asks for relative precision everywhere. */
  const functions: [op: string, tolerance: number, floor: number, more?: Partial<NodeCase>][] = [
    ['Relu', 0, 1],
    ['LeakyRelu', 2e-7, 0, { attributes: { alpha: 0.3 } }],
    ['HardSwish', 2e-7, 1],
    ['HardSigmoid', 1e-6, 1, { attributes: { alpha: 0.25, beta: 0.4 } }],
    ['Sigmoid', 4e-7, 1e-30],
    ['Tanh', 3e-7, 0],
    ['Exp', 2.5e-7, 1e-37],
    ['Erf', 5e-7, 1],
    ['Gelu', 1e-6, 1, { opset: 20 }],
    ['Gelu', 1e-6, 1, { opset: 20, attributes: { approximate: 'tanh' } }],
    ['Gelu', 1e-6, 1, { domain: 'com.microsoft' }],
    ['QuickGelu', 1e-6, 1, { domain: 'com.microsoft' }],
    ['Sqrt', 1e-7, 0],
    ['Abs', 0, 1],
    ['Neg', 0, 1],
    ['Round', 0, 1],
    ['Clip', 0, 1, { opset: 10, attributes: { min: -0.5, max: 3 } }],
  ];
  for (const [op, tolerance, floor, more] of functions) {
    it(`${more?.domain ?? ''} ${op} ${JSON.stringify(more?.attributes ?? {})}`, () => {
      const special = [0, -0, NaN, Infinity, -Infinity, 1e-30, -1e-30, 88.7, 89, -87.4, 0.625, -0.625, 1.5, 2.5, -3.5];
      const x = float32([4001], (i) => special[i] ?? ((i * 7919) % 4001) ** 3 / 3.2e8 - 100);
      const test: NodeCase = { op, inputs: { x }, ...more };
      const expected = reference(test);
      run(test, 2)!.y.forEach((value, i) => {
        const wanted = expected[i]!;
        if (Object.is(wanted, value) || (wanted === 0 && value === 0)) return;
        const input = (x.data as Float32Array)[i];
        expect(Number.isFinite(wanted), `f(${input}) = ${value}, not ${wanted}`).toBe(true);
        const error = Math.abs(value - wanted) / Math.max(Math.abs(wanted), floor);
        expect(error, `f(${input}) = ${value}, not ${wanted}`).toBeLessThanOrEqual(tolerance);
      });
    });
  }

  it('Round within the bounds of a fused Clip, and no other activation', () => {
    const test: NodeCase = { op: 'Round', inputs: { x: float32([21], (i) => i / 2 - 5) } };
    const bounded = reference(test).map((value) => Math.min(2, Math.max(-3, value)));
    const { y } = run({ ...test, epilogue: { activation: { kind: 'Clip', min: -3, max: 2 } } })!;
    expect(Array.from(y, (value) => value + 0)).toEqual(Array.from(bounded, (value) => value + 0));
    expect(run({ ...test, epilogue: { activation: { kind: 'Relu' } } })).toBeUndefined();
  });

  it('Clip with constant bounds, one of them omitted', () => {
    const inputs = { x: noise([3, 5], 1) };
    const constants = { high: float32([], () => 0.25) };
    const test: NodeCase = { op: 'Clip', inputs, constants, order: ['x', '', 'high'] };
    expect(run(test)!.y).toEqual(reference(test));
  });
});

describe('functions of two tensors', () => {
  /** A result shape, and per axis which operand repeats. */
  const shapes = fc.array(
    fc.record({ size: fc.integer({ min: 1, max: 6 }), repeat: fc.constantFrom('', '', 'a', 'b') }),
    {
      maxLength: 4,
    },
  );
  it('any broadcast either equals the definition or is left to the host', () => {
    const ops = fc.constantFrom('Add', 'Sub', 'Mul', 'Div', 'Min', 'Max', 'PRelu');
    fc.assert(
      fc.property(shapes, ops, fc.nat(2), fc.boolean(), (axes, op, trimmed, swap) => {
        const dims = (side: string) => axes.map(({ size, repeat }) => (repeat === side ? 1 : size));
        let b = dims('b');
        for (let i = 0; i < trimmed && b[0] === 1; i++) b = b.slice(1);
        const [x, y] = [noise(dims('a'), 1), noise(b, 2)];
        const test: NodeCase = { op, inputs: swap && op !== 'PRelu' ? { y, x } : { x, y } };
        const { y: actual } = run({ ...test, outputs: ['z'] }) ?? {};
        if (actual) expect(actual).toEqual(reference(test));
      }),
      { numRuns: 150 },
    );
  });

  it('what is added and the bounds of an epilogue', () => {
    const activations = fc.constantFrom<Activation | undefined>(
      undefined,
      { kind: 'Relu' },
      { kind: 'Clip', min: -0.5, max: 0.75 },
    );
    const ops = fc.constantFrom('Add', 'Mul');
    fc.assert(
      fc.property(shapes, ops, fc.boolean(), activations, (axes, op, adds, activation) => {
        const dims = axes.map(({ size }) => size);
        const [x, y, r] = [
          noise(dims, 1),
          noise(
            axes.map((axis) => (axis.repeat ? 1 : axis.size)),
            2,
          ),
          noise(dims, 3),
        ];
        const plain: NodeCase = { op, inputs: { x, y } };
        const epilogue = { ...(adds && { residual: 'r' }), ...(activation && { activation }) };
        const expected = { type: 'float32', dims, data: reference({ ...plain, outputs: ['z'] }) } as const;
        applyEpilogue(epilogue, expected, adds ? r : undefined, CORE_OPERATOR_SET);
        const inputs = { x, y, ...(adds && { r }) };
        const actual = run({ op, inputs, order: ['x', 'y'], outputs: ['z'], epilogue }, 3);
        if (actual) expect(actual.y).toEqual(expected.data);
      }),
      { numRuns: 150 },
    );
  });

  const covered: [string, number[], number[]][] = [
    ['same shape', [2, 33, 9, 17], [2, 33, 9, 17]],
    ['scalar', [3, 5000], []],
    ['per channel', [2, 5, 7, 3], [5, 1, 1]],
    ['per item and channel', [2, 5, 7, 3], [2, 5, 1, 1]],
    ['last axis', [4, 6, 13], [13]],
    ['one map for all channels', [2, 5, 7, 3], [2, 1, 7, 3]],
    ['mask over keys', [2, 4, 6, 5], [2, 1, 1, 5]],
    ['both repeat', [4, 1], [1, 5]],
  ];
  for (const [name, a, b] of covered) {
    it(`has a kernel for: ${name}`, () => {
      for (const inputs of [
        { x: noise(a, 1), z: noise(b, 2) },
        { x: noise(b, 2), z: noise(a, 1) },
      ]) {
        const test: NodeCase = { op: 'Sub', inputs };
        expect(run(test, 3)!.y).toEqual(reference(test));
      }
    });
  }

  it('NaN wins in Min and Max', () => {
    for (const op of ['Min', 'Max']) {
      const test: NodeCase = {
        op,
        inputs: { x: float32([2], (i) => [NaN, 1][i]!), z: float32([2], (i) => [1, NaN][i]!) },
      };
      expect(run(test)!.y).toEqual(Float32Array.of(NaN, NaN));
    }
  });

  it('Pow by the constant 2', () => {
    const test: NodeCase = { op: 'Pow', inputs: { x: noise([3, 7], 1) }, constants: { two: float32([], () => 2) } };
    expect(relativeError(run(test)!.y, reference(test))).toBeLessThan(1e-7);
    expect(run({ ...test, constants: { half: float32([], () => 0.5) } })).toBeUndefined();
  });
});
