import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Builder, input } from './graphs.js';
import { expectSame } from './run.js';
import { encoder, shape } from './settings.js';

describe('encode kernels', () => {
  it('give the codes of the reference for any window, stride, padding and K', () => {
    const kernels = new Set<string>();
    fc.assert(
      fc.property(encoder, shape, ({ depth, ...settings }, { batch, height, width, seed, threads, build }) => {
        const builder = new Builder(seed);
        const channels = depth * settings.codebooks;
        const x = input(builder.random, [batch, channels, height, width]);
        const codes = builder.encode('codes', 'x', channels, settings);
        for (const kernel of expectSame(builder.graph(x, [codes]), x, threads, build)) kernels.add(kernel);
      }),
      { numRuns: 150 },
    );
    expect([...kernels].sort()).toEqual(['encodeGathered', 'encodeRows', 'encodeTree', 'quantise']);
  });

  it('give the codes of the reference for 3×3 windows of one channel with small, any and the largest weights', () => {
    const small = (weight: number) => weight % 29;
    const largest = (weight: number) => (weight < 0 ? -127 : 127);
    const weights = fc.constantFrom(small, (weight: number) => weight, largest);
    fc.assert(
      fc.property(encoder, shape, weights, (settings, { batch, height, width, seed, threads, build }, weight) => {
        const builder = new Builder(seed);
        const { codebooks } = settings;
        const x = input(builder.random, [batch, codebooks, height, width]);
        const codes = builder.encode('codes', 'x', codebooks, { ...settings, kernel: [3, 3], tree: false });
        const data = builder.initializers.get(`${codes}.Q`)!.data as Int8Array;
        data.forEach((value, i) => {
          data[i] = weight(value);
        });
        const kernels = expectSame(builder.graph(x, [codes]), x, threads, build);
        expect(kernels).toEqual(['quantise', 'encodeRows']);
      }),
      { numRuns: 60 },
    );
  });
});
