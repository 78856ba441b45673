import { describe, expect, it } from 'vitest';
import type { BenchResults, EngineResult } from '../../bench/measure/results.js';
import { browserName } from './browser-name.js';
import { toCsv, toMarkdown } from './exports.js';
import { describeResults, networkTitle, parseResults } from './results-file.js';

const result = (engine: EngineResult['engine'], p50: number): EngineResult => ({
  network: 'net',
  engine,
  threads: 1,
  build: 'simd',
  p50_ms: p50,
  p90_ms: p50 + 1,
  samples: 2,
  runs_per_sample: 1,
  samples_ms: [p50, p50],
  runtime_bytes: null,
  model_bytes: 10,
  first_answer_ms: null,
  peak_memory_bytes: 65536,
});
const RESULTS: BenchResults = {
  environment: {
    browser: 'Firefox 153',
    user_agent: 'test',
    machine: 'a "fast", machine',
    cores: 2,
    cross_origin_isolated: false,
    wasm: 'auto',
    timer_grain_ms: 1,
    date: '2026-11-21T12:00:00.000Z',
  },
  networks: [{ id: 'net', title: 'Net | work' }],
  results: [result('lutra', 1), result('ort-f32', 4)],
  ratios: [{ network: 'net', versus: 'ort-f32', threads: 1, ratio: 4, low: 3.5, high: 4.5 }],
  dense_ratios: [],
  verified: [],
  failures: [],
};

describe('parseResults', () => {
  it('reads what is exported', () => {
    expect(parseResults(JSON.stringify(RESULTS))).toEqual(RESULTS);
  });

  it('says what is wrong with a file', () => {
    const broken: [string, RegExp][] = [
      ['nothing', /not JSON/],
      ['[]', /the file is wrong/],
      ['{}', /environment is wrong/],
      [JSON.stringify({ ...RESULTS, results: {} }), /results is wrong/],
      [JSON.stringify({ ...RESULTS, results: [{ ...result('lutra', 1), engine: 'other' }] }), /results\[0\]\.engine/],
      [JSON.stringify({ ...RESULTS, results: [{ ...result('lutra', 1), samples_ms: ['1'] }] }), /samples_ms/],
      [JSON.stringify({ ...RESULTS, results: [{ ...result('lutra', 1), p50_ms: '1' }] }), /results\[0\]\.p50_ms/],
      [JSON.stringify({ ...RESULTS, ratios: [{ network: 'net' }] }), /ratios\[0\]/],
      [JSON.stringify({ ...RESULTS, ratios: undefined }), /ratios is wrong/],
    ];
    for (const [text, message] of broken) expect(() => parseResults(text)).toThrow(message);
  });
});

describe('exports', () => {
  it('writes CSV with quotes where they are needed', () => {
    const [header, first, second, end] = toCsv(RESULTS).split('\r\n');
    expect(header!.split(',').slice(0, 5)).toEqual(['network', 'engine', 'threads', 'build', 'p50_ms']);
    expect(first).toBe(
      'net,lutra,1,simd,1,2,2,,10,,65536,,,,Firefox 153,"a ""fast"", machine",2026-11-21T12:00:00.000Z',
    );
    expect(second).toContain(',4,3.5,4.5,Firefox 153,');
    expect(end).toBe('');
  });

  it('lists how Lutra compares with itself', () => {
    const way = { threads: 2, build: 'simd', versus_threads: 1, versus_build: 'simd' };
    const variants = {
      ...RESULTS,
      results: [result('lutra', 2), { ...result('lutra', 1), threads: 2 }],
      ratios: [{ network: 'net', versus: 'lutra', ...way, ratio: 2, low: 1.9, high: 2.1 }],
    } as const;
    expect(toMarkdown(variants)).toContain(
      '| Net \\| work | Lutra, lookup | 2 threads against 1 | 2.00× (1.90–2.10) |',
    );
    expect(describeResults(variants)).toBe(
      'Firefox 153 · a "fast", machine · not isolated · Lutra against itself · 21 Nov 2026',
    );
    expect(toCsv(variants)).not.toContain(',2,1.9,2.1,');
  });

  it('writes a Markdown table that a title cannot break', () => {
    const markdown = toMarkdown(RESULTS);
    expect(markdown).toContain('| Net \\| work | onnxruntime-web | 1 | 4.000 | 5.000 | 4.00× (3.50–4.50) |');
    expect(markdown).toContain('not isolated');
  });
});

describe('labels', () => {
  it('name browser, machine and day', () => {
    expect(describeResults(RESULTS)).toBe('Firefox 153 · a "fast", machine · not isolated · 21 Nov 2026');
    const recorded = {
      ...RESULTS,
      environment: { ...RESULTS.environment, browser: 'Chromium 156.0.8078.79', wasm: 'simd' },
      results: [{ ...result('lutra', 1), threads: 2 }],
    };
    expect(describeResults(recorded)).toBe(
      'Chromium 156.0 · a "fast", machine · not isolated · 2 threads · plain SIMD · 21 Nov 2026',
    );
    expect(networkTitle(RESULTS, 'net')).toBe('Net | work');
    expect(networkTitle(RESULTS, 'other')).toBe('other');
  });

  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0', 'Firefox 153'],
    ['Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36', 'Chromium 156'],
    ['Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0', 'Edge 156'],
    ['Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15', 'Safari 26.1'],
    ['curl', 'another browser'],
  ])('tell browsers apart: %s', (userAgent, name) => {
    expect(browserName(userAgent)).toBe(name);
  });
});
