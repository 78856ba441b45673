import { describe, expect, it } from 'vitest';
import { WASM_BUILDS } from '../wasm-builds.js';
import { KernelBuilds } from './kernel-builds.js';
import { looksUpAnything, looksUpRows, sumsExactly } from './look-up.js';

const builds = KernelBuilds.from(WASM_BUILDS);

describe('lookup kernels', () => {
  it('give the results of the reference for any window, stride, padding, K and number of outputs', () => {
    expect(looksUpAnything(builds, 60)).toEqual(expect.arrayContaining(['lookUpShufflePlanes', 'lookUpReadPlanes']));
  });

  it('serve linear layers as rows, any number of them', () => {
    expect(looksUpRows(builds, 40)).toEqual(expect.arrayContaining(['lookUpShuffleRows', 'lookUpReadRows']));
  });

  it.each(builds.names)('keeps sums exact where 16 bits would overflow (%s)', (build) => sumsExactly(builds, build));
});
