import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NodeCase, noise, reference, runNode } from '../../../test/run-node.js';
import { lowerConcat, lowerSplit, lowerTranspose } from './dense-move.js';
import { lowerAlias } from './dense-shape.js';

const dims = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 });

describe('Transpose', () => {
  it('any permutation either equals the definition or is left to the host', () => {
    const permuted = dims.chain((shape) =>
      fc.tuple(
        fc.constant(shape),
        fc.shuffledSubarray(
          shape.map((_, i) => i),
          { minLength: shape.length },
        ),
      ),
    );
    fc.assert(
      fc.property(permuted, ([shape, perm]) => {
        const test: NodeCase = { op: 'Transpose', attributes: { perm }, inputs: { x: noise(shape, 1) } };
        const run = runNode(lowerTranspose, test, { threads: 2 });
        if (run) expect(run.y).toEqual(reference(test));
      }),
      { numRuns: 200 },
    );
  });

  const covered: [string, number[], number[]][] = [
    ['matrix', [13, 9], [1, 0]],
    ['NCHW to NHWC', [2, 5, 6, 7], [0, 2, 3, 1]],
    ['NHWC to NCHW', [2, 6, 7, 5], [0, 3, 1, 2]],
    ['attention heads', [2, 6, 3, 8], [0, 2, 1, 3]],
    ['keys', [2, 6, 3, 8], [0, 1, 3, 2]],
  ];
  for (const [name, shape, perm] of covered) {
    it(`has a kernel for: ${name}`, () => {
      const test: NodeCase = { op: 'Transpose', attributes: { perm }, inputs: { x: noise(shape, 1) } };
      const run = runNode(lowerTranspose, test, { threads: 3 })!;
      expect(run.kernels).toEqual(['transpose']);
      expect(run.y).toEqual(reference(test));
    });
  }

  it('moves nothing when only axes of size 1 change place', () => {
    const test: NodeCase = { op: 'Transpose', attributes: { perm: [1, 0, 2] }, inputs: { x: noise([1, 5, 3], 1) } };
    expect(runNode(lowerTranspose, test)!.kernels).toEqual([]);
  });
});

describe('Concat and Split', () => {
  it('Concat along any axis equals the definition', () => {
    fc.assert(
      fc.property(
        dims,
        fc.nat(3),
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
        (shape, at, sizes) => {
          const axis = at % shape.length;
          const inputs = Object.fromEntries(sizes.map((size, i) => [`x${i}`, noise(shape.with(axis, size), i)]));
          const test: NodeCase = { op: 'Concat', attributes: { axis: axis - shape.length }, inputs };
          expect(runNode(lowerConcat, test, { threads: 2 })!.y).toEqual(reference(test));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('a long lone row is shared between threads', () => {
    const test: NodeCase = {
      op: 'Concat',
      attributes: { axis: 0 },
      inputs: { a: noise([5001], 1), b: noise([9001], 2) },
    };
    expect(runNode(lowerConcat, test, { threads: 3 })!.y).toEqual(reference(test));
  });

  it('Split along any axis equals the definition', () => {
    fc.assert(
      fc.property(dims, fc.nat(3), fc.integer({ min: 1, max: 3 }), (shape, at, parts) => {
        const axis = at % shape.length;
        const outputs = Array.from({ length: parts }, (_, i) => `y${i}`);
        const x = noise(shape.with(axis, shape[axis]! * parts), 1);
        const test: NodeCase = { op: 'Split', opset: 13, attributes: { axis }, inputs: { x }, outputs };
        const run = runNode(lowerSplit, test)!;
        outputs.forEach((name, i) => {
          expect(run.read(name)).toEqual(reference(test, i));
        });
      }),
      { numRuns: 50 },
    );
  });
});

describe('renaming', () => {
  it('Reshape, Flatten and Identity run nothing', () => {
    const inputs = { x: noise([2, 3, 4], 1) };
    const shape = { type: 'int64' as const, dims: [2], data: BigInt64Array.of(6n, -1n) };
    for (const test of [
      { op: 'Reshape', inputs, constants: { shape } },
      { op: 'Flatten', inputs },
      { op: 'Identity', inputs },
    ]) {
      const run = runNode(lowerAlias, test)!;
      expect(run.kernels).toEqual([]);
      expect(run.y).toEqual(inputs.x.data);
    }
  });
});
