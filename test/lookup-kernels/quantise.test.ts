import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Builder, input } from './graphs.js';
import { expectSame } from './run.js';
import { encoder, shape } from './settings.js';

describe('kernels that write for the next encoder', () => {
  it('quantises straight into the planes of the next encoders', () => {
    fc.assert(
      fc.property(encoder, encoder, shape, ({ depth, ...one }, two, { batch, height, width, seed, threads, build }) => {
        const builder = new Builder(seed);
        const channels = depth * one.codebooks;
        const x = input(builder.random, [batch, channels, height, width]);
        const unit = { kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] };
        const first = builder.encode('first', 'x', channels, { ...one, ...unit });
        const K = one.tree ? 16 : one.K;
        const y = builder.lookUp('y', first, K, one.codebooks, {
          ...{ outputs: channels, window: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] },
        });
        const a = builder.encode('a', y, channels, one);
        const b = builder.encode('b', y, channels, { ...one, scale: two.scale, zero: two.zero, pads: two.pads });
        const outputs = [a, b].map((codes) =>
          builder.lookUp(`${codes}.y`, codes, K, one.codebooks, {
            ...{ outputs: 6, window: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] },
          }),
        );
        const kernels = expectSame(builder.graph(x, outputs), x, threads, build);
        expect(kernels.filter((kernel) => kernel === 'quantise')).toHaveLength(1);
      }),
      { numRuns: 60 },
    );
  });

  it('quantises straight into the rows of linear layers behind reshapes', () => {
    const reshaped = fc.record({
      outputs: fc.integer({ min: 1, max: 9 }),
      regroup: fc.boolean(),
      alsoDense: fc.boolean(),
      alsoMaps: fc.boolean(),
    });
    fc.assert(
      fc.property(
        reshaped,
        shape,
        ({ outputs, regroup, alsoDense, alsoMaps }, { batch, seed, threads, build, ...map }) => {
          const builder = new Builder(seed);
          const [height, width] = [map.height % 4 || 1, map.width % 5 || 1];
          const x = input(builder.random, [batch, 3, height, width]);
          const unit = { kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] };
          const encoding = { ...unit, K: 16, scale: 0.2, zero: 50, tree: false, ties: false };
          const table = { ...unit, window: [1, 1], outputs };
          const first = builder.encode('first', 'x', 3, { ...encoding, codebooks: 3 });
          const y = builder.lookUp('y', first, 16, 3, table, { activation: { kind: 'Relu' } });
          // One row per image, or one row of everything.
          const rows = builder.asRows('rows', y, regroup ? 1 : batch);
          const channels = (regroup ? batch : 1) * outputs * height * width;
          const codes = builder.encode('codes', rows, channels, { ...encoding, codebooks: 1 });
          const results = [builder.lookUp('z', codes, 16, 1, table)];
          if (alsoDense) results.push('rows.flat');
          if (alsoMaps) {
            const maps = builder.encode('maps', y, outputs, { ...encoding, codebooks: 1, pads: [1, 1, 1, 1] });
            results.push(builder.lookUp('w', maps, 16, 1, table));
          }
          const kernels = expectSame(builder.graph(x, results), x, threads, build);
          expect(kernels.filter((kernel) => kernel === 'quantise')).toHaveLength(1);
        },
      ),
      { numRuns: 60 },
    );
  });
});
