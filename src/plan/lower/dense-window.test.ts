import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NodeCase, noise, reference, relativeError, runNode } from '../../../test/run-node.js';
import { lowerGlobalAveragePool } from './dense-reduce.js';
import { lowerAveragePool, lowerMaxPool } from './dense-window.js';

const size = (max: number) => fc.integer({ min: 1, max });
const pooling = fc
  .record({
    batch: size(2),
    channels: size(5),
    height: fc.integer({ min: 2, max: 19 }),
    width: fc.integer({ min: 2, max: 19 }),
    kernel: fc.tuple(size(3), size(3)),
    strides: fc.tuple(size(3), size(3)),
    pads: fc.tuple(...Array.from({ length: 4 }, () => fc.nat(2))),
    ceil: fc.boolean(),
    countPadding: fc.boolean(),
    threads: size(3),
    seed: fc.nat(1000),
  })
  .map((c) => ({ ...c, pads: c.pads.map((pad, i) => Math.min(pad, c.kernel[i % 2]! - 1)) }))
  .filter((c) => c.kernel[0] <= c.height && c.kernel[1] <= c.width);

describe('pooling', () => {
  for (const [op, rule] of Object.entries({ MaxPool: lowerMaxPool, AveragePool: lowerAveragePool })) {
    it(`${op}: any shape equals the definition`, () => {
      fc.assert(
        fc.property(pooling, (c) => {
          const test: NodeCase = {
            op,
            opset: 19,
            attributes: {
              kernel_shape: c.kernel,
              strides: c.strides,
              pads: c.pads,
              ceil_mode: Number(c.ceil),
              ...(op === 'AveragePool' && { count_include_pad: Number(c.countPadding) }),
            },
            inputs: { x: noise([c.batch, c.channels, c.height, c.width], c.seed) },
          };
          expect(relativeError(runNode(rule, test, c)!.y, reference(test))).toBeLessThan(1e-6);
        }),
        { numRuns: 60 },
      );
    });
  }

  it('splits tall planes into blocks of rows', () => {
    const test: NodeCase = {
      op: 'MaxPool',
      attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
      inputs: { x: noise([1, 1, 203, 201], 1) },
    };
    for (const threads of [1, 2]) expect(runNode(lowerMaxPool, test, { threads })!.y).toEqual(reference(test));
  });

  it('GlobalAveragePool: any shape equals the definition', () => {
    fc.assert(
      fc.property(size(3), size(7), size(9), size(9), fc.nat(100), (n, c, h, w, seed) => {
        const test: NodeCase = { op: 'GlobalAveragePool', inputs: { x: noise([n, c, h, w], seed) } };
        expect(relativeError(runNode(lowerGlobalAveragePool, test, { threads: 2 })!.y, reference(test))).toBeLessThan(
          1e-6,
        );
      }),
      { numRuns: 30 },
    );
  });
});
