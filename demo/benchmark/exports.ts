import { ENGINES } from '../../bench/measure/engines.js';
import { engineTitle, peerRatio, variantRatios, variantTitle } from '../../bench/measure/labels.js';
import type { BenchResults, EngineResult, RatioResult } from '../../bench/measure/results.js';
import { saveFile } from '../shared/save.js';
import { describeResults, networkTitle } from './results-file.js';

const COLUMNS = [
  'network',
  'engine',
  'threads',
  'build',
  'p50_ms',
  'p90_ms',
  'samples',
  'runtime_bytes',
  'model_bytes',
  'first_answer_ms',
  'peak_memory_bytes',
] as const satisfies readonly (keyof EngineResult)[];

/** RFC 4180: a field with a comma, a quote or a line break is quoted. */
const quote = (field: string) => (/[",\n\r]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);

/** One line per network and engine, the ratio to Lutra's lookup network at the end. */
export function toCsv(results: BenchResults): string {
  const header = [...COLUMNS, 'lookup_ratio', 'lookup_ratio_low', 'lookup_ratio_high', 'browser', 'machine', 'date'];
  const { browser, machine, date } = results.environment;
  const lines = results.results.map((result) => {
    const ratio = peerRatio(result, results);
    const fields = [...COLUMNS.map((name) => result[name]), ratio?.ratio, ratio?.low, ratio?.high];
    return [...fields, browser, machine, date].map((field) => quote(String(field ?? ''))).join(',');
  });
  return `${[header.join(','), ...lines].join('\r\n')}\r\n`;
}

const range = ({ ratio, low, high }: RatioResult) => `${ratio.toFixed(2)}× (${low.toFixed(2)}–${high.toFixed(2)})`;

/** A table for issues and pull requests. */
export function toMarkdown(results: BenchResults): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const lines = results.results.map((result) => {
    const { network, threads, p50_ms, p90_ms } = result;
    const ratio = peerRatio(result, results);
    const cells = [
      networkTitle(results, network),
      engineTitle(result, results.results),
      threads,
      p50_ms.toFixed(3),
      p90_ms.toFixed(3),
    ];
    return `| ${cells.map((value) => cell(String(value))).join(' | ')} | ${ratio ? range(ratio) : ''} |`;
  });
  const variants = variantRatios(results).map((ratio) => {
    const cells = [
      networkTitle(results, ratio.network),
      ENGINES[ratio.versus].title,
      variantTitle(ratio),
      range(ratio),
    ];
    return `| ${cells.map(cell).join(' | ')} |`;
  });
  return [
    cell(describeResults(results)),
    '',
    '| network | engine | threads | p50 ms | p90 ms | Lutra’s lookup is faster by |',
    '|---|---|---|---|---|---|',
    ...lines,
    ...(variants.length > 0
      ? ['', '| network | engine | ran with | faster by |', '|---|---|---|---|', ...variants]
      : []),
    '',
  ].join('\n');
}

/** Offers a text as a download. */
export function download(name: string, type: string, text: string): void {
  saveFile(name, new Blob([text], { type }));
}
