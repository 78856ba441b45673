import { ENGINES } from '../measure/engines.js';
import { buildTitle, peerRatio, variantRatios, variantTitle } from '../measure/labels.js';
import type { Collected } from './collect.js';
import type { NetworkFiles } from './models.js';

const megabytes = (bytes: number | null) => (bytes === null ? '–' : (bytes / 1e6).toFixed(1));

/** One table on standard output; the ratios say how many times faster Lutra's lookup network and its dense one are. */
export function printNetwork(
  { results, ratios, dense_ratios, profile }: Collected,
  { title, work }: NetworkFiles,
): void {
  if (results.length === 0) return;
  const giga = (count: number) => (count / 1e9).toFixed(2);
  console.log(
    `\n${title}: ${giga(work.dense.macs)} GMAC dense; ${giga(work.lut.macs)} GMAC, ${giga(work.lut.searchMacs)} search GMAC and ` +
      `${giga(work.lut.lookups)} G lookups with tables`,
  );
  const header = [
    '',
    'p50 ms',
    'p90 ms',
    'lookup ×',
    '95 %',
    'dense ×',
    'runtime MB',
    'model MB',
    'memory MB',
    'first ms',
  ];
  const rows = results.map((result) => {
    const ratio = peerRatio(result, { results, ratios });
    const dense = peerRatio(result, { results, ratios: dense_ratios });
    return [
      `${ENGINES[result.engine].title} (${result.threads}, ${buildTitle(result.build)})`,
      result.p50_ms.toFixed(2),
      result.p90_ms.toFixed(2),
      ratio?.ratio.toFixed(2) ?? '',
      ratio ? `${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}` : '',
      dense?.ratio.toFixed(2) ?? '',
      megabytes(result.runtime_bytes),
      megabytes(result.model_bytes),
      megabytes(result.peak_memory_bytes),
      result.first_answer_ms?.toFixed(0) ?? '–',
    ];
  });
  const table = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  for (const row of table) {
    console.log(
      row.map((cell, column) => (column ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join('  '),
    );
  }
  for (const ratio of variantRatios({ ratios, dense_ratios })) {
    const interval = `${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}`;
    console.log(`${ENGINES[ratio.versus].title}, ${variantTitle(ratio)}: ${ratio.ratio.toFixed(2)}× (${interval})`);
  }
  if (!profile) return;
  const total = profile.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  console.log(`\n${total.toFixed(2)} ms in ${profile.length} steps`);
  for (const { node, op, kernel, milliseconds } of profile) {
    console.log(`  ${milliseconds.toFixed(3).padStart(9)} ms  ${op.padEnd(18)} ${kernel.padEnd(20)} ${node}`);
  }
}
