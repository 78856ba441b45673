import { describe, expect, it } from 'vitest';
import { WASM_BUILDS } from '../wasm-builds.js';
import { convolvesLevels, multipliesExactly } from './convolve.js';
import { KernelBuilds } from './kernel-builds.js';

const builds = KernelBuilds.from(WASM_BUILDS);

describe('convolutions of levels', () => {
  it('give the results of the reference for any window, stride, padding and number of outputs', () => {
    expect(convolvesLevels(builds, 100)).toEqual(['quantize', 'quantizedConv']);
  });

  it.each(builds.names)('multiply the largest levels and weights exactly (%s)', (build) =>
    multipliesExactly(builds, build),
  );
});
