import fc from 'fast-check';
import { Builder, input } from './graphs.js';
import { encoder, machine, map, type Property } from './settings.js';

/** Encode kernels give the codes of the reference for any window, stride, padding and K. */
export const encodesAnything: Property = (builds, runs) => {
  const kernels = new Set<string>();
  fc.assert(
    fc.property(encoder, map, machine(builds), ({ depth, ...settings }, { batch, height, width }, on) => {
      const builder = new Builder(on.seed);
      const channels = depth * settings.codebooks;
      const x = input(builder.random, [batch, channels, height, width]);
      const codes = builder.encode('codes', 'x', channels, settings);
      for (const kernel of builds.assertSame(builder.graph(x, [codes]), x, on.threads, on.build)) kernels.add(kernel);
    }),
    { numRuns: runs },
  );
  return [...kernels].sort();
};

const small = (weight: number) => weight % 29;
const largest = (weight: number) => (weight < 0 ? -127 : 127);
const weights = fc.constantFrom(small, (weight: number) => weight, largest);

/** They do for 3×3 windows of one channel, which have kernels of their own, with small, any and the largest weights. */
export const encodesWindows: Property = (builds, runs) => {
  const kernels = new Set<string>();
  fc.assert(
    fc.property(encoder, map, machine(builds), weights, (settings, { batch, height, width }, on, weight) => {
      const builder = new Builder(on.seed);
      const { codebooks } = settings;
      const x = input(builder.random, [batch, codebooks, height, width]);
      const codes = builder.encode('codes', 'x', codebooks, { ...settings, kernel: [3, 3], tree: false });
      const data = builder.initializers.get(`${codes}.Q`)!.data as Int8Array;
      data.forEach((value, i) => {
        data[i] = weight(value);
      });
      for (const kernel of builds.assertSame(builder.graph(x, [codes]), x, on.threads, on.build)) kernels.add(kernel);
    }),
    { numRuns: runs },
  );
  return [...kernels].sort();
};
