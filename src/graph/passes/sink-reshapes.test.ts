import { describe, expect, it } from 'vitest';
import { bert } from '../../../bench/networks/bert.js';
import { LUT_NN_GEOMETRY, randomLookups } from '../../../bench/networks/random-lookups.js';
import { relativeDifference, runInOnnxRuntime, toOrt } from '../../../test/onnxruntime.js';
import { bindDeclared } from '../../../test/support/bind.js';
import { Executor } from '../../engine/executor.js';
import { COMPLETE_RUNTIME } from '../../plan/complete.js';
import { optimize } from './optimize.js';

/** Deterministic noise. */
function wave(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898) * 1.5);
}

describe('sinkReshapes', () => {
  it('lets linear lookup layers take sums and Gelu, of an encoder with the same answer', async () => {
    const dense = bert({ layers: 1, hidden: 64, heads: 2, length: 6, seed: 3 });
    const layers = (layer: { kind: string }) => layer.kind === 'linear';
    const graph = randomLookups(dense, { ...LUT_NN_GEOMETRY, seed: 3, layers });
    const { nodes } = bindDeclared(optimize(graph, COMPLETE_RUNTIME));
    const epilogues = nodes.flatMap(({ op, epilogue }) => (op === 'LookUp' && epilogue ? [epilogue] : []));
    expect(epilogues.filter(({ residual }) => residual !== undefined)).toHaveLength(2);
    expect(epilogues.filter(({ activation }) => activation?.kind === 'Gelu')).toHaveLength(1);
    const feeds = {
      hidden_states: { type: 'float32' as const, dims: [2, 6, 64], data: wave(2 * 6 * 64) },
      attention_mask: { type: 'int64' as const, dims: [2, 6], data: new BigInt64Array(12).fill(1n) },
    };
    const executor = await Executor.create(graph, COMPLETE_RUNTIME, { dimensions: { N: 2 } });
    const [actual] = Object.values(executor.run(feeds));
    const [expected] = Object.values(await runInOnnxRuntime(graph, feeds));
    // An activation that is one more or less in the second encoder changes little.
    expect(relativeDifference(expected!, toOrt(actual!))).toBeLessThan(1e-4);
    executor.dispose();
  });
});
