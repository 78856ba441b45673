import { ENGINES } from '../../bench/measure/engines.js';
import type { BenchResults } from '../../bench/measure/results.js';
import type { EngineId } from '../../bench/measure/types.js';
import { html } from '../shared/dom.js';
import { formatMilliseconds } from '../shared/format.js';
import { networkTitle } from './results-file.js';

/** A set of results with a name that a column can carry. */
export interface Dataset {
  readonly label: string;
  readonly results: BenchResults;
}

interface Row {
  readonly network: string;
  readonly title: string;
  readonly threads: number;
}

/** Networks and thread counts in the order of their first appearance. */
function rowsOf(datasets: readonly Dataset[]): readonly Row[] {
  const rows = new Map<string, Row>();
  for (const { results } of datasets) {
    for (const { network, threads } of results.results) {
      const key = `${network} ${threads}`;
      if (!rows.has(key)) rows.set(key, { network, threads, title: networkTitle(results, network) });
    }
  }
  return [...rows.values()];
}

/** Lutra's lookup network in every data set, and how many times faster it is than `versus` there. */
export function compareTable(datasets: readonly Dataset[], versus: EngineId): HTMLElement {
  const cell = ({ results }: Dataset, { network, threads }: Row) => {
    const own = results.results.find(
      (result) => result.network === network && result.engine === 'lutra' && result.threads === threads,
    );
    const ratio = results.ratios.find(
      (entry) => entry.network === network && entry.versus === versus && entry.threads === threads,
    );
    if (!own) return html('td', { class: 'number' }, '–');
    return html(
      'td',
      { class: 'number' },
      html('strong', {}, ratio ? `${ratio.ratio.toFixed(2)}×` : '–'),
      html('span', { class: 'range' }, ratio ? `${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}` : ''),
      html('span', { class: 'range' }, formatMilliseconds(own.p50_ms)),
    );
  };
  const rows = rowsOf(datasets).map((row) =>
    html(
      'tr',
      {},
      html('th', { scope: 'row' }, row.threads === 1 ? row.title : `${row.title}, ${row.threads} threads`),
      ...datasets.map((dataset) => cell(dataset, row)),
    ),
  );
  const columns = datasets.map(({ label }) => html('th', { scope: 'col', class: 'number dataset' }, label));
  return html(
    'div',
    { class: 'table-frame', tabindex: 0, role: 'region', 'aria-label': 'Comparison as a table' },
    html(
      'table',
      { class: 'comparison' },
      html(
        'caption',
        {},
        `Times faster than ${ENGINES[versus].title} by lookup, with the 95 % interval, and the median of an answer`,
      ),
      html('thead', {}, html('tr', {}, html('th', { scope: 'col' }, 'Network'), ...columns)),
      html('tbody', {}, ...rows),
    ),
  );
}
