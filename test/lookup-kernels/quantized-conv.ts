import fc from 'fast-check';
import { Builder, input } from './graphs.js';
import type { KernelBuilds } from './kernel-builds.js';
import { activation, machine, map, type Property, pads, strides } from './settings.js';

const convolution = fc.record({
  channels: fc.integer({ min: 1, max: 5 }),
  outputs: fc.constantFrom(1, 3, 4, 5, 16, 30, 67),
  kernel: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9)),
  strides,
  pads,
  scale: fc.constantFrom(0.125, 0.1, 0.033),
  zero: fc.constantFrom(0, 1, 64, 127),
  activation,
});

/** Convolutions in integers give the results of the reference for any window, stride, padding and number of outputs. */
export const convolvesIntegers: Property = (builds, runs) => {
  const kernels = new Set<string>();
  fc.assert(
    fc.property(convolution, map, machine(builds), ({ channels, activation: act, ...settings }, size, on) => {
      fc.pre(settings.kernel[1] <= size.width);
      const builder = new Builder(on.seed);
      const x = input(builder.random, [size.batch, channels, size.height, size.width]);
      const epilogue = act && { activation: act };
      const first = builder.quantizedConv('first', 'x', channels, settings, epilogue);
      const second = builder.quantizedConv('second', 'x', channels, settings, { residual: first, ...epilogue });
      // Reads what the second convolution quantizes.
      const unit = { kernel: [1, 1], strides: [1, 1], pads: [0, 1, 2, 0] };
      const third = builder.quantizedConv('third', second, settings.outputs, { ...settings, ...unit });
      const graph = builder.graph(x, on.seed % 2 === 0 ? [third] : [second, third]);
      for (const kernel of builds.assertSame(graph, x, on.threads, on.build)) kernels.add(kernel);
    }),
    { numRuns: runs },
  );
  return [...kernels].sort();
};

const product = fc.record({
  channels: fc.constantFrom(1, 3, 4, 17, 64),
  outputs: fc.constantFrom(1, 4, 15, 16, 30, 67),
  scale: fc.constantFrom(0.125, 0.033),
  zero: fc.constantFrom(0, 64),
  activation,
});

/** Rows of linear layers give the results of the reference, one after the other and with a residual. */
export const multipliesRows: Property = (builds, runs) => {
  const rows = fc.constantFrom(1, 15, 16, 33);
  fc.assert(
    fc.property(product, rows, machine(builds), ({ channels, activation: act, ...settings }, count, on) => {
      const builder = new Builder(on.seed);
      const x = input(builder.random, [count, channels, 1, 1]);
      const point = { ...settings, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] };
      const epilogue = act && { activation: act };
      const first = builder.quantizedConv('first', 'x', channels, point, epilogue);
      const second = builder.quantizedConv('second', first, point.outputs, point, { residual: first, ...epilogue });
      builds.assertSame(builder.graph(x, [second]), x, on.threads, on.build);
    }),
    { numRuns: runs },
  );
  return ['quantizedConv'];
};

/** Products of the largest activations and weights are exact, though four of them meet in a lane. */
export function multipliesExactly(builds: KernelBuilds, build: string): void {
  const builder = new Builder(1);
  const x = input(builder.random, [1, 2, 9, 11]);
  (x.data as Float32Array).fill(1e6);
  const outputs = [127, -127].flatMap((weight) =>
    [0, 127].map((zero) => {
      const settings = { outputs: 5, kernel: [3, 7], strides: [1, 1], pads: [1, 3, 1, 3], scale: 1, zero };
      const y = builder.quantizedConv(`y${weight} ${zero}`, 'x', 2, settings);
      (builder.initializers.get(`${y}.W`)!.data as Int8Array).fill(weight);
      return y;
    }),
  );
  builds.assertSame(builder.graph(x, outputs), x, 1, build);
}
