import type { TrainingRecord } from '../history.js';
import type { ValidationResult } from '../validate.js';
import { chart, escapeHtml, formatNumber, type Series } from './chart.js';

/** Error of one layer relative to the dense network, before and after training. */
export interface LayerError {
  readonly layer: string;
  readonly before: number;
  readonly after: number;
}

export interface TrainingReport {
  readonly title: string;
  /** Shown as a list: command, data, network, result … */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly history: readonly TrainingRecord[];
  /** What the network was worth on the validation set before training. */
  readonly start?: ValidationResult;
  readonly layerErrors?: readonly LayerError[];
}

const STYLE = `:root{color-scheme:light dark;--ink:#1b1f24;--dim:#5b6470;--line:#d8dde3;--paper:#fff}
@media (prefers-color-scheme:dark){:root{--ink:#e8ebef;--dim:#9aa4b1;--line:#353c45;--paper:#14171b}}
body{margin:0 auto;overflow-wrap:anywhere;max-width:64rem;padding:1.5rem;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
figure{margin:2rem 0}figcaption{font-weight:600}svg{width:100%;height:auto}
.grid{stroke:var(--line)}.tick,.axis{fill:var(--dim);font-size:13px}
@media (max-width:40rem){.tick,.axis{font-size:22px}}
polyline{fill:none;stroke:currentColor;stroke-width:2}.dot{fill:currentColor}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;list-style:none;margin:0;padding:0}.legend li::before{content:"━ "}
.c0{color:#0a7a8f}.c1{color:#c2410c}.c2{color:#6d28d9}.c3{color:#15803d}.c4{color:#be185d}.c5{color:#a16207}.c6{color:#1d4ed8}.c7{color:#57534e}
@media (prefers-color-scheme:dark){.c0{color:#4fd1e6}.c1{color:#fb923c}.c2{color:#c4b5fd}.c3{color:#4ade80}.c4{color:#f9a8d4}.c5{color:#facc15}.c6{color:#93c5fd}.c7{color:#d6d3d1}}
table{border-collapse:collapse;overflow-wrap:normal;font-variant-numeric:tabular-nums}th,td{padding:.2rem .8rem;text-align:right;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{text-align:left}td{white-space:nowrap}
.bars{width:40%;min-width:8rem}.bar{display:block;height:.5rem;margin:.15rem 0;background:currentColor}.scroll{overflow-x:auto}`;

function row(cells: readonly string[], tag: 'td' | 'th'): string {
  return cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('');
}

/** @param rows cells of every row, as HTML */
function table(header: readonly string[], rows: readonly string[]): string {
  const body = rows.map((cells) => `<tr>${cells}</tr>`).join('\n');
  return `<div class="scroll" tabindex="0" role="region" aria-label="table"><table><thead><tr>${row(header, 'th')}</tr></thead><tbody>${body}</tbody></table></div>`;
}

/** Relative squared error of every layer, as numbers and as bars of a common scale. */
function errorTable(errors: readonly LayerError[]): string {
  if (errors.length === 0) return '';
  const largest = Math.max(...errors.flatMap(({ before, after }) => [before, after]), Number.MIN_VALUE);
  const bar = (error: number, colour: string) =>
    `<span class="bar ${colour}" style="width:${((100 * error) / largest).toFixed(1)}%"></span>`;
  const rows = errors.map(
    ({ layer, before, after }) =>
      `${row([layer, formatNumber(before), formatNumber(after)], 'td')}<td class="bars">${bar(before, 'c0')}${bar(after, 'c1')}</td>`,
  );
  return `<h2>Error by layer</h2>
<ul class="legend"><li class="c0">before training</li><li class="c1">after training</li></ul>
${table(['layer', 'before', 'after', 'squared error relative to the output'], rows)}`;
}

function isPoint(point: readonly [number, number | undefined]): point is readonly [number, number] {
  return Number.isFinite(point[1]);
}

function namesOfMetrics(history: readonly TrainingRecord[]): string[] {
  return [...new Set(history.flatMap((record) => Object.keys(record.metrics)))];
}

/** The history as a table: what the curves show, for reading and for screen readers. */
function historyTable(history: readonly TrainingRecord[]): string {
  const metrics = namesOfMetrics(history);
  const compared = history.some(({ validationLoss }) => validationLoss !== undefined);
  const measured = ['validation', ...(compared ? ['same answer', 'validation loss'] : [])];
  const header = ['step', 'pass', 'minutes', 'rate', 'loss', ...metrics, ...measured, 'examples/s'];
  const optional = (value: number | undefined) => (value === undefined ? '' : formatNumber(value));
  const cellsOf = (record: TrainingRecord) => [
    String(record.step),
    record.epoch.toFixed(2),
    (record.seconds / 60).toFixed(1),
    formatNumber(record.learningRate),
    formatNumber(record.loss),
    ...metrics.map((name) => optional(record.metrics[name])),
    optional(record.validation),
    ...(compared ? [optional(record.validationAgreement), optional(record.validationLoss)] : []),
    record.samplesPerSecond.toFixed(0),
  ];
  const rows = history.map((record) => row(cellsOf(record), 'td'));
  return table(header, rows);
}

/** A self-contained page about a training: curves as inline SVG, each with its numbers in a table. Light and dark, no scripts. */
export function reportPage({ title, facts, history, start, layerErrors = [] }: TrainingReport): string {
  /** One curve. @param before the value before the first update, where it was measured */
  const curve = (name: string, read: (record: TrainingRecord) => number | undefined, before?: number): Series => {
    const values = history.map((record) => [record.step, read(record)] as const);
    return { name, points: [[0, before] as const, ...values].filter(isPoint) };
  };
  const share = (count: number | undefined) => (start && count !== undefined ? count / start.count : undefined);
  const layers = [...new Set(history.flatMap((record) => Object.keys(record.temperatures ?? {})))];
  const metrics = namesOfMetrics(history).filter((name) => name.startsWith('accuracy'));
  const agreement = 'same answer as the dense network, validation';
  const charts = [
    chart({
      title: 'Loss',
      x: 'step',
      y: 'mean loss',
      series: [
        curve('loss, training batches', (record) => record.loss),
        curve('validation', (record) => record.validationLoss, start?.loss),
      ],
    }),
    chart({
      title: 'Accuracy',
      x: 'step',
      y: 'share right',
      series: [
        ...metrics.map((name) => curve(`${name}, training batches`, (record) => record.metrics[name])),
        curve('validation', (record) => record.validation, share(start?.correct)),
        curve(agreement, (record) => record.validationAgreement, share(start?.same)),
      ],
    }),
    chart({ title: 'Learning rate', x: 'step', y: 'rate', series: [curve('rate', (record) => record.learningRate)] }),
    chart({
      title: 'Temperature of the soft assignment',
      x: 'step',
      y: 'temperature',
      logarithmic: true,
      series: layers.map((layer) => curve(layer, (record) => record.temperatures?.[layer])),
    }),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
<dl>${facts.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`).join('\n')}</dl>
${charts.filter((svg) => svg !== '').join('\n')}
${errorTable(layerErrors)}
<h2>Course</h2>
${historyTable(history)}
</main>
</body>
</html>
`;
}
