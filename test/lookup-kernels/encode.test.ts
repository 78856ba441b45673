import { describe, expect, it } from 'vitest';
import { WASM_BUILDS } from '../wasm-builds.js';
import { encodesAnything, encodesWindows } from './encode.js';
import { KernelBuilds } from './kernel-builds.js';

const builds = KernelBuilds.from(WASM_BUILDS);

describe('encode kernels', () => {
  it('give the codes of the reference for any window, stride, padding and K', () => {
    expect(encodesAnything(builds, 150)).toEqual([
      'encodeSearchGathered',
      'encodeSearchInPlace',
      'encodeTree',
      'quantize',
    ]);
  });

  it('give the codes of the reference for 3×3 windows of one channel with small, any and the largest weights', () => {
    expect(encodesWindows(builds, 60)).toEqual(['encodeSearchInPlace', 'quantize']);
  });
});
