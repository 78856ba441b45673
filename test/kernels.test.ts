import { describe, expect, it } from 'vitest';
import type { TensorValue } from '../src/graph/types.js';
import { KERNELS, type KernelName } from '../src/kernels/list.js';
import { typesOf } from '../src/plan/bind.js';
import { COMPLETE_RUNTIME } from '../src/plan/complete.js';
import { plan } from '../src/plan/plan.js';
import { relativeError } from './run-node.js';
import { evaluateGraph } from './support/evaluate-graph.js';
import { KERNEL_CASES, type KernelCase } from './support/kernel-cases.js';
import { KernelHarness, kernelBuilds, kernelsOf } from './support/kernel-harness.js';
import { WASM_BUILDS } from './wasm-builds.js';

const BUILDS = [...kernelBuilds(WASM_BUILDS)];
const floats = (value: TensorValue | undefined) => Float32Array.from(value!.data as Float32Array);
const planned = ({ graph, feeds }: KernelCase, threads: number) =>
  plan(graph, COMPLETE_RUNTIME, typesOf(feeds), { threads });

describe.each(Object.keys(KERNELS) as KernelName[])('kernel %s', (name) => {
  it.each(BUILDS)('computes what evaluate computes, on one thread and on three (%s)', (_, build) => {
    const small = KERNEL_CASES[name](false);
    const expected = evaluateGraph(small.graph, Object.entries(small.feeds));
    for (const threads of [1, 3]) {
      const harness = new KernelHarness(planned(small, threads), build);
      expect(kernelsOf(harness.plan)).toContain(name);
      harness.feed(small.feeds);
      harness.run();
      for (const [output, value] of Object.entries(harness.outputs())) {
        expect(relativeError(floats(value), floats(expected.get(output)))).toBeLessThan(2e-6);
      }
    }
  });

  it('has a row in the benchmark', () => {
    expect(kernelsOf(planned(KERNEL_CASES[name](true), 1))).toContain(name);
  });
});
