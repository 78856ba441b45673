import fc from 'fast-check';
import { Builder, input } from './graphs.js';
import { encoder, machine, map, type Property } from './settings.js';

/** Only the input is quantized by a pass of its own: everything else is by the kernel that computes it. */
function insistOnOneQuantize(kernels: readonly string[]): void {
  const count = kernels.filter((kernel) => kernel === 'quantize').length;
  if (count !== 1) throw new Error(`${count} passes quantize, not 1`);
}

/** Lookup kernels quantize straight into the planes of the next encoders. */
export const quantizesPlanes: Property = (builds, runs) => {
  const ran = new Set<string>();
  fc.assert(
    fc.property(encoder, encoder, map, machine(builds), ({ depth, ...one }, two, { batch, height, width }, on) => {
      const builder = new Builder(on.seed);
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
      const kernels = builds.assertSame(builder.graph(x, outputs), x, on.threads, on.build);
      insistOnOneQuantize(kernels);
      for (const kernel of kernels) ran.add(kernel);
    }),
    { numRuns: runs },
  );
  return [...ran].sort();
};

const reshaped = fc.record({
  outputs: fc.integer({ min: 1, max: 9 }),
  regroup: fc.boolean(),
  alsoDense: fc.boolean(),
  alsoMaps: fc.boolean(),
});

/** They quantize straight into the rows of linear layers behind reshapes. */
export const quantizesRows: Property = (builds, runs) => {
  const ran = new Set<string>();
  fc.assert(
    fc.property(reshaped, map, machine(builds), ({ outputs, regroup, alsoDense, alsoMaps }, { batch, ...size }, on) => {
      const builder = new Builder(on.seed);
      const [height, width] = [size.height % 4 || 1, size.width % 5 || 1];
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
      const kernels = builds.assertSame(builder.graph(x, results), x, on.threads, on.build);
      insistOnOneQuantize(kernels);
      for (const kernel of kernels) ran.add(kernel);
    }),
    { numRuns: runs },
  );
  return [...ran].sort();
};
