import { describe, expect, it } from 'vitest';
import { alike, variants } from './contenders.js';
import { engineTitle, peerRatio, variantRatios, variantTitle, wayTitle } from './labels.js';
import type { EngineMeasurement } from './measure.js';
import { reportNetwork } from './report.js';
import type { Contender } from './types.js';

/** Every round takes the same time. */
function measured(contender: Contender, milliseconds: number, build: string, threads = contender.threads) {
  const samples = Array.from({ length: 5 }, () => milliseconds);
  return { contender, samples, build, threads, grain: 1, runsPerSample: 1, memoryBytes: 1 } satisfies EngineMeasurement;
}

function report(engines: readonly EngineMeasurement[]) {
  return reportNetwork({ id: 'net', title: 'Net' }, { engines, verified: [], failures: [] }, {});
}

describe('variants', () => {
  it('are the default with one thread, the plain build where that is another, and more threads', () => {
    const ways = (relaxed: boolean) => variants(['lutra'], 2, relaxed).map(({ threads, wasm }) => `${threads} ${wasm}`);
    expect(ways(true)).toEqual(['1 auto', '1 simd', '2 auto']);
    expect(ways(false)).toEqual(['1 auto', '2 auto']);
  });
});

describe('reportNetwork', () => {
  const contenders = variants(['lutra', 'lutra-dense'], 2, true);
  const times: readonly (readonly [number, string])[] = [
    [4, 'relaxed'],
    [5, 'simd'],
    [2, 'relaxed'],
    [20, 'relaxed'],
    [40, 'simd'],
    [16, 'relaxed'],
  ];
  const own = report(contenders.map((contender, i) => measured(contender, ...times[i]!)));

  it('compares Lutra with itself, each way with the first', () => {
    const rows = variantRatios(own).map((ratio) => [ratio.versus, variantTitle(ratio), ratio.ratio, ratio.low]);
    expect(rows).toEqual([
      ['lutra', 'plain SIMD against relaxed SIMD', 0.8, 0.8],
      ['lutra', '2 threads against 1', 2, 2],
      ['lutra-dense', 'plain SIMD against relaxed SIMD', 0.5, 0.5],
      ['lutra-dense', '2 threads against 1', 1.25, 1.25],
    ]);
    expect(own.ratios[0]).toMatchObject({ versus: 'lutra-dense', threads: 1, ratio: 5 });
    expect(own.ratios).toHaveLength(3);
  });

  it('gives results names that tell them apart, and one of them the ratio to the lookups', () => {
    expect(own.results.slice(0, 3).map((result) => wayTitle(result, own.results))).toEqual([
      'Lutra, lookup',
      'Lutra, lookup, plain SIMD',
      'Lutra, lookup × 2',
    ]);
    expect(own.results.map((result) => peerRatio(result, own)?.ratio)).toEqual([
      ...[undefined, undefined, undefined],
      ...[5, undefined, undefined],
    ]);
  });

  it('compares engines that were asked for the same, also where one could not have its threads', () => {
    const [lutra, peer, other] = alike(['lutra', 'ort-f32', 'tfjs'], { threads: 2, wasm: 'auto' });
    const all = report([measured(lutra!, 1, 'relaxed'), measured(peer!, 3, 'simd'), measured(other!, 5, 'simd', 1)]);
    expect(all.ratios.map(({ versus, threads, ratio }) => [versus, threads, ratio])).toEqual([
      ['ort-f32', 2, 3],
      ['tfjs', 2, 5],
    ]);
    expect(all.results.map((result) => engineTitle(result, all.results))).toEqual([
      'Lutra, lookup',
      'onnxruntime-web',
      'TensorFlow.js',
    ]);
    expect(all.results.map((result) => peerRatio(result, all)?.ratio)).toEqual([undefined, 3, 5]);
    expect(variantRatios(all)).toEqual([]);
  });

  it('says nothing of a second thread that was not to be had', () => {
    const [one, two] = variants(['lutra'], 2, false);
    expect(report([measured(one!, 1, 'simd'), measured(two!, 1, 'simd', 1)]).ratios).toEqual([]);
  });
});
