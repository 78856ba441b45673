import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { relativeDifference, runInOnnxRuntime } from '../../../test/onnxruntime.js';
import { randomGraph } from '../../../test/random-graph.js';
import { COMPLETE_OPERATORS } from '../../ops/complete.js';
import { SIMPLIFYING, simplify } from './simplify.js';

describe('passes keep the outputs of random networks', () => {
  it.each([...SIMPLIFYING, simplify].map((pass) => [pass.name, pass] as const))('%s', async (_, pass) => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const { graph, feeds } = randomGraph(seed);
        const before = await runInOnnxRuntime(graph, feeds);
        const after = await runInOnnxRuntime(pass(graph, COMPLETE_OPERATORS), feeds);
        expect(Object.keys(after)).toEqual(Object.keys(before));
        for (const name of Object.keys(before)) {
          expect(relativeDifference(before[name]!, after[name]!), name).toBeLessThan(1e-5);
        }
      }),
      { numRuns: Number(process.env.RUNS ?? 12) },
    );
  });
});
