import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BenchResults } from '../measure/results.js';
import { readArguments } from './arguments.js';
import { mergeResults, recordResults } from './record.js';

/** One engine on the networks given, all in the same time. */
function measured(milliseconds: number, networks: readonly string[], machine = 'a machine'): BenchResults {
  const result = { engine: 'lutra', threads: 1, p50_ms: milliseconds } as unknown as BenchResults['results'][number];
  return {
    environment: { browser: 'Chromium 1', machine, date: `day ${milliseconds}` } as BenchResults['environment'],
    networks: networks.map((id) => ({ id, title: `Network ${id}` })),
    results: networks.map((network) => ({ ...result, network })),
    ratios: networks.map((network) => ({
      network,
      versus: 'ort-f32',
      threads: 1,
      ratio: milliseconds,
      low: 0,
      high: 0,
    })),
    dense_ratios: [],
    verified: networks.map((network) => ({ network, engine: 'lutra' })),
    failures: networks.map((id) => `Network ${id}: no ${milliseconds}`),
  };
}

describe('mergeResults', () => {
  it('replaces what was measured again and keeps the rest', () => {
    const merged = mergeResults(measured(1, ['a', 'b']), measured(2, ['b', 'c']));
    expect(merged.networks.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(merged.results.map(({ network, p50_ms }) => [network, p50_ms])).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', 2],
    ]);
    expect(merged.ratios.map(({ ratio }) => ratio)).toEqual([1, 2, 2]);
    expect(merged.verified).toHaveLength(3);
    expect(merged.failures).toEqual(['Network a: no 1', 'Network b: no 2', 'Network c: no 2']);
    expect(merged.environment.date).toBe('day 2');
  });

  it('leaves a network that is measured again in its place', () => {
    const merged = mergeResults(measured(1, ['a', 'b']), measured(2, ['a']));
    expect(merged.networks.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(merged.results.map(({ p50_ms }) => p50_ms)).toEqual([2, 1]);
  });

  it('mixes no machines', () => {
    const other = measured(2, ['b'], 'another machine');
    expect(mergeResults(measured(1, ['a']), other)).toEqual(other);
  });
});

describe('recordResults', () => {
  it('names files by browser, threads and build, and lists them', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lutra-record-'));
    const record = (argv: string[], networks: string[]) =>
      recordResults(readArguments(argv), measured(1, networks), folder);
    record([], ['a']);
    const path = record([], ['b']);
    record(['--threads', '2', '--wasm', 'simd', '--browser', 'firefox'], ['a']);
    record(['--variants'], ['a']);
    expect(JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'))).toEqual([
      'chromium-1.json',
      'chromium-variants.json',
      'firefox-2-simd.json',
    ]);
    expect((JSON.parse(readFileSync(path, 'utf8')) as BenchResults).networks).toHaveLength(2);
  });
});
