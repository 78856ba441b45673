import { ENGINES } from '../../bench/measure/engines.js';
import { engineTitle, peerRatio, variantRatios, variantTitle } from '../../bench/measure/labels.js';
import type { BenchResults } from '../../bench/measure/results.js';
import { html } from '../shared/dom.js';
import { formatBytes, formatMilliseconds } from '../shared/format.js';
import { networkTitle } from './results-file.js';

const HEADERS = [
  ['Network', ''],
  ['Engine', ''],
  ['Threads', 'number'],
  ['Median', 'number'],
  ['90 %', 'number'],
  ['Lookup is faster by', 'number'],
  ['95 % interval', 'number'],
  ['Runtime', 'number'],
  ['Model', 'number'],
  ['Wasm memory', 'number'],
  ['First answer', 'number'],
] as const;

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
    return html(
      'tr',
      { class: first ? 'first' : undefined },
      html(
        'th',
        { scope: 'row' },
        html('span', { class: first ? undefined : 'visually-hidden' }, networkTitle(results, network)),
      ),
      html('td', { class: engine === 'lutra' ? 'own' : undefined }, engineTitle(result, all)),
      ...cells.map((cell) => html('td', { class: 'number' }, cell)),
    );
  });
  const head = HEADERS.map(([text, kind]) => html('th', { scope: 'col', class: kind || undefined }, text));
  const table = html(
    'table',
    { class: 'results' },
    html('thead', {}, html('tr', {}, ...head)),
    html('tbody', {}, ...rows),
  );
  const notes = results.failures.map((failure) => html('p', { class: 'help' }, failure));
  return html(
    'div',
    {},
    html('div', { class: 'table-frame', tabindex: 0, role: 'region', 'aria-label': 'Results as a table' }, table),
    ...variantsTable(results),
    ...notes,
  );
}

/** Lutra's ways to run against each other, where they were measured. */
function variantsTable(results: BenchResults): readonly HTMLElement[] {
  const ratios = variantRatios(results);
  if (ratios.length === 0) return [];
  const rows = ratios.map((ratio) =>
    html(
      'tr',
      {},
      html('th', { scope: 'row' }, networkTitle(results, ratio.network)),
      html('td', {}, ENGINES[ratio.versus].title),
      html('td', {}, variantTitle(ratio)),
      html('td', { class: 'number' }, `${ratio.ratio.toFixed(2)}×`),
      html('td', { class: 'number' }, `${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}`),
    ),
  );
  const head = ['Network', 'Engine', 'Run with', 'Faster by', '95 % interval'].map((text, column) =>
    html('th', { scope: 'col', class: column > 2 ? 'number' : undefined }, text),
  );
  const table = html(
    'table',
    { class: 'comparison' },
    html(
      'caption',
      {},
      html('span', {}, 'Lutra against itself: how many times faster it is with other threads or instructions'),
    ),
    html('thead', {}, html('tr', {}, ...head)),
    html('tbody', {}, ...rows),
  );
  return [
    html('div', { class: 'table-frame', tabindex: 0, role: 'region', 'aria-label': 'Variants as a table' }, table),
  ];
}
