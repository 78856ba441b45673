import { describe, expect, it } from 'vitest';
import { WASM_BUILDS } from '../wasm-builds.js';
import { KernelBuilds } from './kernel-builds.js';
import { quantizesPlanes, quantizesRows } from './quantize.js';

const builds = KernelBuilds.from(WASM_BUILDS);

describe('kernels that write for the next encoder', () => {
  it('quantize straight into the planes of the next encoders', () => {
    expect(quantizesPlanes(builds, 60)).toContain('quantize');
  });

  it('quantize straight into the rows of linear layers behind reshapes', () => {
    expect(quantizesRows(builds, 60)).toContain('quantize');
  });
});
