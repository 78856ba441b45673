import { ENGINE_IDS } from '../../bench/measure/engines.js';
import { buildTitle, variantRatios } from '../../bench/measure/labels.js';
import type { BenchResults, EngineResult, RatioResult } from '../../bench/measure/results.js';
import { LutraError } from '../../src/errors.js';

type Fields = Readonly<Record<string, 'string' | 'number' | 'array' | 'boolean'>>;

const ENVIRONMENT: Fields = {
  browser: 'string',
  machine: 'string',
  cores: 'number',
  cross_origin_isolated: 'boolean',
  date: 'string',
};
const RESULT: Fields = {
  network: 'string',
  threads: 'number',
  build: 'string',
  p50_ms: 'number',
  p90_ms: 'number',
  samples: 'number',
  samples_ms: 'array',
  model_bytes: 'number',
  peak_memory_bytes: 'number',
};
const RATIO: Fields = { network: 'string', threads: 'number', ratio: 'number', low: 'number', high: 'number' };

function refuse(what: string, expected: string, actual: unknown): never {
  throw new LutraError('INVALID_DATA', what, {
    expected,
    actual: String(actual).slice(0, 60),
    hint: 'Load a file that this page or "npm run bench" has written',
  });
}

function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    refuse(`${what} is wrong`, 'an object', value);
  return value as Record<string, unknown>;
}

function checkFields(value: unknown, fields: Fields, what: string): void {
  const entry = object(value, what);
  for (const [name, type] of Object.entries(fields)) {
    const field = entry[name];
    const fits = type === 'array' ? Array.isArray(field) && field.every(Number.isFinite) : typeof field === type;
    if (!fits || (type === 'number' && !Number.isFinite(field))) refuse(`${what}.${name} is wrong`, type, field);
  }
}

function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) refuse(`${what} is wrong`, 'a list', value);
  return value;
}

function checkEngine(value: unknown, what: string): void {
  if (!ENGINE_IDS.some((id) => id === value)) refuse(`${what} is wrong`, ENGINE_IDS.join(', '), value);
}

/**
 * Reads results that this page or the bench exported.
 *
 * @throws LutraError `INVALID_DATA` naming what is wrong with the file
 */
export function parseResults(text: string): BenchResults {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new LutraError('INVALID_DATA', 'the file is not JSON', { cause });
  }
  const file = object(json, 'the file');
  checkFields(file.environment, ENVIRONMENT, 'environment');
  const results = list(file.results, 'results');
  results.forEach((result, index) => {
    checkFields(result, RESULT, `results[${index}]`);
    checkEngine((result as EngineResult).engine, `results[${index}].engine`);
  });
  for (const name of ['ratios', 'dense_ratios'] as const) {
    list(file[name] ?? [], name).forEach((ratio, index) => {
      checkFields(ratio, RATIO, `${name}[${index}]`);
      checkEngine((ratio as RatioResult).versus, `${name}[${index}].versus`);
    });
  }
  return {
    environment: file.environment as BenchResults['environment'],
    networks: list(file.networks ?? [], 'networks') as BenchResults['networks'],
    results: results as readonly EngineResult[],
    ratios: list(file.ratios, 'ratios') as readonly RatioResult[],
    dense_ratios: list(file.dense_ratios ?? [], 'dense_ratios') as readonly RatioResult[],
    verified: list(file.verified ?? [], 'verified') as BenchResults['verified'],
    failures: list(file.failures ?? [], 'failures').map(String),
  };
}

/** "Chromium 156.0 · AMD EPYC, 2 cores · 2 threads · plain SIMD · 21 Nov 2026". */
export function describeResults(all: BenchResults): string {
  const { environment, results } = all;
  const { browser, machine, date, cross_origin_isolated, wasm } = environment;
  const day = new Date(date);
  const threads = Math.max(1, ...results.map((result) => result.threads));
  return [
    browser.replace(/^(.* \d+\.\d+)\..*/, '$1'),
    machine,
    ...(cross_origin_isolated ? [] : ['not isolated']),
    ...(variantRatios(all).length > 0 ? ['Lutra against itself'] : threads > 1 ? [`${threads} threads`] : []),
    ...(wasm === 'simd' || wasm === 'relaxed' ? [buildTitle(wasm)] : []),
    Number.isNaN(day.getTime()) ? date : day.toLocaleDateString('en-GB', { dateStyle: 'medium' }),
  ].join(' · ');
}

/** Titles by identifier, where the file has them. */
export function networkTitle({ networks }: BenchResults, id: string): string {
  const title = networks.find((network) => network.id === id)?.title;
  return typeof title === 'string' ? title : id;
}
