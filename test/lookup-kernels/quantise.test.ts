import { describe, expect, it } from 'vitest';
import { WASM_BUILDS } from '../wasm-builds.js';
import { KernelBuilds } from './kernel-builds.js';
import { quantisesPlanes, quantisesRows } from './quantise.js';

const builds = KernelBuilds.from(WASM_BUILDS);

describe('kernels that write for the next encoder', () => {
  it('quantise straight into the planes of the next encoders', () => {
    expect(quantisesPlanes(builds, 60)).toContain('quantise');
  });

  it('quantise straight into the rows of linear layers behind reshapes', () => {
    expect(quantisesRows(builds, 60)).toContain('quantise');
  });
});
