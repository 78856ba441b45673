import fc from 'fast-check';
import { Builder, input } from './graphs.js';
import type { KernelBuilds } from './kernel-builds.js';
import { activation, centroidCounts, machine, map, type Property, pads, strides } from './settings.js';

const lookUp = fc.record({
  K: centroidCounts,
  codebooks: fc.constantFrom(1, 3, 8, 33),
  outputs: fc.constantFrom(1, 4, 5, 16, 30, 67, 130),
  window: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  strides,
  pads,
  activation,
});

/** Lookup kernels give the results of the reference for any window, stride, padding, K and number of outputs. */
export const looksUpAnything: Property = (builds, runs) => {
  const kernels = new Set<string>();
  fc.assert(
    fc.property(lookUp, map, machine(builds), ({ K, codebooks, activation: act, ...settings }, size, on) => {
      const builder = new Builder(on.seed);
      const x = input(builder.random, [size.batch, codebooks, size.height, size.width]);
      const codes = builder.encode('codes', 'x', codebooks, {
        ...{ K, codebooks, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] },
        ...{ scale: 0.2, zero: 64, tree: false, ties: false },
      });
      const first = builder.lookUp('first', codes, K, codebooks, settings, act ? { activation: act } : undefined);
      const second = builder.lookUp('second', codes, K, codebooks, settings, {
        residual: first,
        ...(act ? { activation: act } : {}),
      });
      for (const kernel of builds.assertSame(builder.graph(x, [second]), x, on.threads, on.build)) kernels.add(kernel);
    }),
    { numRuns: runs },
  );
  return [...kernels].sort();
};

const linear = fc.record({
  rows: fc.integer({ min: 1, max: 37 }),
  K: centroidCounts,
  codebooks: fc.constantFrom(1, 3, 90),
  depth: fc.constantFrom(1, 4, 7, 8),
  outputs: fc.constantFrom(1, 4, 7, 64, 77),
  activation,
  tree: fc.boolean(),
});

/** They serve linear layers as rows, any number of them. */
export const looksUpRows: Property = (builds, runs) => {
  const kernels = new Set<string>();
  fc.assert(
    fc.property(linear, machine(builds), ({ rows, K, codebooks, depth, outputs, activation: act, tree }, on) => {
      const builder = new Builder(on.seed);
      const channels = codebooks * depth;
      const x = input(builder.random, [rows, channels, 1, 1]);
      const unit = { kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] };
      const encoding = { ...unit, scale: 0.2, zero: 50, ties: false };
      const table = { ...unit, window: [1, 1] };
      const count = tree ? 16 : K;
      const codes = builder.encode('codes', 'x', channels, { ...encoding, K: count, codebooks, tree });
      const epilogue = act ? { activation: act } : undefined;
      const y = builder.lookUp('y', codes, count, codebooks, { ...table, outputs }, epilogue);
      const more = builder.encode('more', y, outputs, { ...encoding, K: 16, codebooks: 1, tree: false });
      const z = builder.lookUp('z', more, 16, 1, { ...table, outputs }, { residual: y });
      for (const kernel of builds.assertSame(builder.graph(x, [z]), x, on.threads, on.build)) kernels.add(kernel);
    }),
    { numRuns: runs },
  );
  return [...kernels].sort();
};

/** Sums stay exact where 16 bits would overflow. */
export function sumsExactly(builds: KernelBuilds, build: string): void {
  const builder = new Builder(1);
  const codebooks = 700;
  const unit = { strides: [1, 1], pads: [0, 0, 0, 0] };
  const x = input(builder.random, [1, codebooks, 5, 7]);
  const codes = builder.encode('codes', 'x', codebooks, {
    ...{ ...unit, K: 16, codebooks, kernel: [1, 1], scale: 0.2, zero: 64, tree: false, ties: false },
  });
  const outputs = [127, -127].map((value) => {
    const y = builder.lookUp(`y${value}`, codes, 16, codebooks, { ...unit, outputs: 9, window: [1, 1] });
    (builder.initializers.get(`${y}.T`)!.data as Int8Array).fill(value);
    return y;
  });
  builds.assertSame(builder.graph(x, outputs), x, 1, build);
}
