import { ENGINES } from '../../bench/measure/engines.js';
import { engineTitle, peerRatio, variantRatios, variantTitle } from '../../bench/measure/labels.js';
import type { BenchResults } from '../../bench/measure/results.js';
import { html } from '../shared/dom.js';
import { formatBytes, formatMilliseconds } from '../shared/format.js';
import { type Column, numberCell, tableRow, tableView } from '../shared/table.js';
import { networkTitle } from './results-file.js';

const COLUMNS: readonly Column[] = [
  ['Network'],
  ['Engine'],
  ...[
    'Threads',
    'Median',
    '90 %',
    'Lookup is faster by',
    '95 % interval',
    'Runtime',
    'Model',
    'Wasm memory',
    'First answer',
  ].map((title): Column => [title, 'number']),
];
const VARIANT_COLUMNS: readonly Column[] = [
  ['Network'],
  ['Engine'],
  ['Run with'],
  ['Faster by', 'number'],
  ['95 % interval', 'number'],
];

const orDash = <T>(value: T | null | undefined, format: (value: T) => string) =>
  value === null || value === undefined ? '–' : format(value);

/** All results of one file. */
export function resultsTable(results: BenchResults): HTMLElement {
  const rows = results.results.map((result, index, all) => {
    const { network, engine, threads } = result;
    const ratio = peerRatio(result, results);
    const first = all.findIndex((other) => other.network === network) === index;
    const cells = [
      String(threads),
      formatMilliseconds(result.p50_ms),
      formatMilliseconds(result.p90_ms),
      ratio ? `${ratio.ratio.toFixed(2)}×` : '',
      ratio ? `${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}` : '',
      orDash(result.runtime_bytes, formatBytes),
      formatBytes(result.model_bytes),
      formatBytes(result.peak_memory_bytes),
      orDash(result.first_answer_ms, formatMilliseconds),
    ];
    const row = tableRow(
      html('span', { class: first ? undefined : 'visually-hidden' }, networkTitle(results, network)),
      html('td', { class: engine === 'lutra' ? 'own' : undefined }, engineTitle(result, all)),
      ...cells.map((cell) => numberCell(cell)),
    );
    row.classList.toggle('first', first);
    return row;
  });
  const notes = results.failures.map((failure) => html('p', { class: 'help' }, failure));
  return html(
    'div',
    {},
    tableView('Results as a table', COLUMNS, rows, { kind: 'results' }),
    ...variantsTable(results),
    ...notes,
  );
}

/** Lutra's ways to run against each other, where they were measured. */
function variantsTable(results: BenchResults): readonly HTMLElement[] {
  const ratios = variantRatios(results);
  if (ratios.length === 0) return [];
  const rows = ratios.map((ratio) =>
    tableRow(
      networkTitle(results, ratio.network),
      html('td', {}, ENGINES[ratio.versus].title),
      html('td', {}, variantTitle(ratio)),
      numberCell(`${ratio.ratio.toFixed(2)}×`),
      numberCell(`${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}`),
    ),
  );
  const words = 'Lutra against itself: how many times faster it is with other threads or instructions';
  const caption = html('caption', {}, html('span', {}, words));
  return [tableView('Variants as a table', VARIANT_COLUMNS, rows, { caption, kind: 'comparison' })];
}
