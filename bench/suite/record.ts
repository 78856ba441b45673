import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BenchResults } from '../measure/results.js';
import type { SuiteOptions } from './arguments.js';

/** Results that the benchmark page shows, and the list of their files. */
const RECORDED = join(process.cwd(), 'public/results');
const INDEX = 'index.json';

/** Writes results to a file of their own. */
export function writeResults(path: string, results: BenchResults): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
}

/**
 * Adds results to the file of the same browser, threads and Wasm build, or of the browser's variants. So a long suite can be recorded in parts.
 *
 * @returns where they are
 */
export function recordResults(
  { browser, threads, wasm, variants }: SuiteOptions,
  results: BenchResults,
  folder = RECORDED,
): string {
  const parts = variants ? [browser, 'variants'] : [browser, threads, ...(wasm === 'auto' ? [] : [wasm])];
  const path = join(folder, `${parts.join('-')}.json`);
  const earlier = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as BenchResults) : undefined;
  writeResults(path, earlier ? mergeResults(earlier, results) : results);
  const recorded = readdirSync(folder).filter((file) => file.endsWith('.json') && file !== INDEX);
  writeFileSync(join(folder, INDEX), `${JSON.stringify(recorded.sort(), null, 2)}\n`);
  return path;
}

/**
 * The earlier results, with networks that were measured again replaced, then new networks. Results of another browser or machine are not
 * kept: a file has one environment.
 */
export function mergeResults(earlier: BenchResults, later: BenchResults): BenchResults {
  const place = ({ environment: { browser, machine } }: BenchResults) => `${browser} on ${machine}`;
  if (place(earlier) !== place(later)) return later;
  const again = new Set(later.networks.map(({ id }) => id));
  const titles = later.networks.map(({ title }) => `${String(title)}: `);
  const order = [...earlier.networks, ...later.networks].map(({ id }) => id);
  const merge = <T>(before: readonly T[], after: readonly T[], id: (item: T) => unknown) =>
    [...before.filter((item) => !again.has(id(item))), ...after].sort(
      (a, b) => order.indexOf(id(a)) - order.indexOf(id(b)),
    );
  const merged = <T extends { readonly network?: unknown }>(before: readonly T[], after: readonly T[]) =>
    merge(before, after, ({ network }) => network);
  return {
    environment: later.environment,
    networks: merge(earlier.networks, later.networks, ({ id }) => id),
    results: merged(earlier.results, later.results),
    ratios: merged(earlier.ratios, later.ratios),
    dense_ratios: merged(earlier.dense_ratios, later.dense_ratios),
    verified: merged(earlier.verified, later.verified),
    failures: [
      ...earlier.failures.filter((failure) => !titles.some((title) => failure.startsWith(title))),
      ...later.failures,
    ],
  };
}
