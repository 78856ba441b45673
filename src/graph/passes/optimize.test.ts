import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { relativeDifference, runInOnnxRuntime } from '../../../test/onnxruntime.js';
import { randomGraph } from '../../../test/random-graph.js';
import { COMPLETE_OPERATORS } from '../../ops/complete.js';
import { shareCommonSubexpressions } from './common-subexpressions.js';
import { removeDeadCode } from './dead-code.js';
import { foldAffine } from './fold-affine.js';
import { foldConstants } from './fold-constants.js';
import { foldPad } from './fold-pad.js';
import { mergeMatMulAdd } from './matmul-to-gemm.js';
import { moveTransposes } from './move-transposes.js';
import type { Pass } from './optimize.js';
import { removeIdentity } from './remove-identity.js';
import { simplify } from './simplify.js';

const PASSES: Readonly<Record<string, Pass>> = {
  removeIdentity,
  foldConstants,
  moveTransposes,
  foldPad,
  foldAffine,
  mergeMatMulAdd,
  shareCommonSubexpressions,
  removeDeadCode,
  simplify,
};

describe('passes keep the outputs of random networks', () => {
  it.each(Object.entries(PASSES))('%s', async (_, pass) => {
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
