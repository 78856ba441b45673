import { describe, expect, it } from 'vitest';
import { compareHashes } from '../e2e/hashes/compare.js';
import type { Measurement } from '../e2e/hashes/measure.js';
import { exposeStages } from '../e2e/hashes/stages.js';
import { modelBytes } from '../e2e/kernels/network.js';
import { parseModel } from '../src/onnx/parse.js';

const measurement = (change: Partial<Measurement> = {}): Measurement => ({
  model: 'net',
  wasm: 'simd',
  threads: 1,
  hashes: { codes: 'a', sums: 'b', outputs: 'c' },
  away: { codes: 0, outputs: 0 },
  ...change,
});
const compare = (...measurements: Measurement[]) =>
  compareHashes({ places: [{ name: 'here', measurements }], skipped: [] });

describe('compareHashes', () => {
  it('counts equal runs', () => {
    expect(compare(measurement(), measurement({ threads: 2 }))).toMatchObject({ runs: 2, mismatches: [] });
  });

  it.each(['codes', 'sums', 'outputs'] as const)('reports other %s of the same build', (kind) => {
    const other = measurement({ hashes: { ...measurement().hashes, [kind]: 'x' } });
    expect(compare(measurement(), other).mismatches).toMatchObject([
      { model: 'net', what: `${kind} x instead of ${measurement().hashes[kind]}` },
    ]);
  });

  it('lets the relaxed build round otherwise, within bounds, but not with integers', () => {
    const relaxed = measurement({
      wasm: 'relaxed',
      hashes: { codes: 'a', sums: 'b', outputs: 'x' },
      away: { codes: 0, outputs: 1e-7 },
    });
    expect(compare(measurement(), relaxed)).toMatchObject({ mismatches: [], relaxed: { outputs: 1e-7 } });
    expect(compare(measurement(), { ...relaxed, away: { codes: 0.1, outputs: 0 } }).mismatches).toHaveLength(1);
    const [plain, other] = [measurement(), relaxed].map((run) => ({ ...run, model: 'integers' }));
    expect(compare(plain!, other!).mismatches).toHaveLength(1);
  });
});

describe('exposeStages', () => {
  it('adds the codes and the unscaled sums of every lookup layer', () => {
    const { graph, stages } = exposeStages(parseModel(modelBytes()));
    expect(stages.codes).toEqual(['codes1', 'codes2']);
    expect(stages.sums).toHaveLength(3);
    expect(graph.outputs.map(({ name }) => name)).toEqual(['codes1', 'sums1', 'codes2', 'y', ...stages.sums]);
  });
});
