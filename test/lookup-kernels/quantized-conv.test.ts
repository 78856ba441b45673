import { describe, expect, it } from 'vitest';
import { WASM_BUILDS } from '../wasm-builds.js';
import { KernelBuilds } from './kernel-builds.js';
import { convolvesIntegers, multipliesExactly, multipliesRows } from './quantized-conv.js';

const builds = KernelBuilds.from(WASM_BUILDS);

describe('convolutions in integers', () => {
  it('give the results of the reference for any window, stride, padding and number of outputs', () => {
    expect(convolvesIntegers(builds, 100)).toEqual(['quantize', 'quantizedConv']);
  });

  it('give the results of the reference for rows of linear layers', () => {
    expect(multipliesRows(builds, 60)).toEqual(['quantizedConv']);
  });

  it.each(builds.names)('multiply the largest activations and weights exactly (%s)', (build) =>
    multipliesExactly(builds, build),
  );
});
