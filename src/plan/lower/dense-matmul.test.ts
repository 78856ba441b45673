import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NodeCase, noise, reference, relativeError, runNode } from '../../../test/run-node.js';
import { applyEpilogue } from '../../engine/epilogue.js';
import type { TensorValue } from '../../graph/types.js';
import { CORE_OPERATOR_SET } from '../../ops/core.js';
import { lowerGemm, lowerMatMul } from './dense-matmul.js';

const size = (max: number) => fc.integer({ min: 1, max });

describe('Gemm', () => {
  it('any shape, transposition, C and epilogue equals the definition', () => {
    const product = fc.record({
      rows: size(21),
      columns: size(75),
      depth: size(40),
      transA: fc.nat(1),
      transB: fc.nat(1),
      alpha: fc.constantFrom(1, 0.5),
      beta: fc.constantFrom(1, -2),
      c: fc.constantFrom('none', 'columns', 'row', 'scalar', 'whole'),
      constantB: fc.boolean(),
      relu: fc.boolean(),
      threads: size(3),
      shared: fc.boolean(),
      seed: fc.nat(1000),
    });
    fc.assert(
      fc.property(product, (c) => {
        const a = noise(c.transA ? [c.depth, c.rows] : [c.rows, c.depth], c.seed);
        const b = noise(c.transB ? [c.columns, c.depth] : [c.depth, c.columns], c.seed + 1);
        const dims = { none: [], columns: [c.columns], row: [1, c.columns], scalar: [], whole: [c.rows, c.columns] }[
          c.c
        ]!;
        const constants: Record<string, TensorValue> = c.c === 'none' ? {} : { c: noise(dims, c.seed + 2) };
        if (c.constantB) constants.b = b;
        const test: NodeCase = {
          op: 'Gemm',
          attributes: { transA: c.transA, transB: c.transB, alpha: c.alpha, beta: c.beta },
          inputs: c.constantB ? { a } : { a, b },
          constants,
          order: c.c === 'none' ? ['a', 'b'] : ['a', 'b', 'c'],
          ...(c.relu && { epilogue: { activation: { kind: 'Relu' as const } } }),
        };
        const run = runNode(lowerGemm, test, c);
        const wholeC = c.c === 'whole' && c.rows > 1;
        const covered = (c.alpha === 1 || c.constantB) && !(wholeC && c.beta !== 1);
        expect(run !== undefined).toBe(covered);
        if (!run) return;
        const expected = reference(test);
        applyEpilogue(test.epilogue ?? {}, { type: 'float32', dims, data: expected }, undefined, CORE_OPERATOR_SET);
        expect(relativeError(run.y, expected)).toBeLessThan(3e-6);
        expect(run.y).toEqual(runNode(lowerGemm, test)!.y);
      }),
      { numRuns: 100 },
    );
  });
});

describe('MatMul', () => {
  const cases: [string, number[], number[]][] = [
    ['matrix', [5, 7], [7, 9]],
    ['one left matrix per item, one right side', [2, 3, 5, 7], [7, 9]],
    ['batched on both sides', [2, 3, 5, 7], [2, 3, 7, 9]],
    ['leading ones', [1, 3, 5, 7], [3, 7, 9]],
    ['one left side for all', [5, 7], [4, 7, 9]],
    ['vector on the left', [7], [7, 33]],
    ['vector on the right', [5, 7], [7]],
    ['many columns', [9, 65], [65, 1030]],
    ['many rows', [131, 70], [70, 8]],
  ];
  for (const [name, a, b] of cases) {
    it(name, () => {
      for (const constant of [false, true]) {
        for (const threads of [1, 3]) {
          const [x, y] = [noise(a, 1), noise(b, 2)];
          const test: NodeCase = {
            op: 'MatMul',
            inputs: constant ? { x } : { x, y2: y },
            constants: constant ? { y2: y } : {},
          };
          expect(relativeError(runNode(lowerMatMul, test, { threads })!.y, reference(test))).toBeLessThan(3e-6);
        }
      }
    });
  }

  it('leaves mixed broadcasting to the host', () => {
    const inputs = { x: noise([2, 1, 5, 7], 1), z: noise([1, 3, 7, 9], 2) };
    expect(runNode(lowerMatMul, { op: 'MatMul', inputs })).toBeUndefined();
  });
});
