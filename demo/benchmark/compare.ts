import { ENGINES } from '../../bench/measure/engines.js';
import { peerRatio } from '../../bench/measure/labels.js';
import type { BenchResults } from '../../bench/measure/results.js';
import type { EngineId } from '../../bench/measure/types.js';
import { html } from '../shared/dom.js';
import { formatMilliseconds } from '../shared/format.js';
import { type Column, numberCell, tableRow, tableView } from '../shared/table.js';
import { networkTitle } from './results-file.js';

/** A set of results with a name that a column can carry. */
export interface Dataset {
  readonly label: string;
  readonly results: BenchResults;
}

/** Titles of networks in the order of their first appearance. */
function titlesOf(datasets: readonly Dataset[]): ReadonlyMap<string, string> {
  const titles = new Map<string, string>();
  for (const { results } of datasets) {
    for (const { network } of results.results) {
      if (!titles.has(network)) titles.set(network, networkTitle(results, network));
    }
  }
  return titles;
}

/** How many times faster lookups are than `versus` on a network. */
function ratioOf(results: BenchResults, network: string, versus: EngineId) {
  const result = results.results.find((other) => other.network === network && other.engine === versus);
  return result && peerRatio(result, results);
}

/** Data sets that have something to say about an engine. */
export function comparable(datasets: readonly Dataset[], versus: EngineId): readonly Dataset[] {
  return datasets.filter(({ results }) => results.results.some(({ network }) => ratioOf(results, network, versus)));
}

/**
 * Lutra's lookup network in every data set, and how many times faster it is than `versus` there. One row for a network: the head of a
 * column says with how many threads everything in it was measured.
 */
export function compareTable(all: readonly Dataset[], versus: EngineId): HTMLElement {
  const datasets = comparable(all, versus);
  const cell = ({ results }: Dataset, network: string) => {
    const own = results.results.find((result) => result.network === network && result.engine === 'lutra');
    const ratio = ratioOf(results, network, versus);
    if (!own) return numberCell('–');
    return numberCell(
      html('strong', {}, ratio ? `${ratio.ratio.toFixed(2)}×` : '–'),
      html('span', { class: 'range' }, ratio ? `${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}` : ''),
      html('span', { class: 'range' }, formatMilliseconds(own.p50_ms)),
    );
  };
  const rows = [...titlesOf(datasets)].map(([network, title]) =>
    tableRow(title, ...datasets.map((dataset) => cell(dataset, network))),
  );
  const columns = datasets.map(({ label }): Column => [label, 'number dataset']);
  const words = `Times faster than ${ENGINES[versus].title} by lookup, with the 95 % interval, and the median of an answer`;
  const caption = html('caption', {}, html('span', {}, words));
  return tableView('Comparison as a table', [['Network'], ...columns], rows, { caption, kind: 'comparison' });
}
