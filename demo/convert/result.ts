import type { ConvertReport, TradeOffPoint } from '../../src/convert/types.js';
import { latencyView } from '../image/latency.js';
import { html } from '../shared/dom.js';
import { counted, formatBytes, formatPercent } from '../shared/format.js';
import type { Comparison } from './compare.js';
import { tradeOffView } from './trade-off.js';

function fact(name: string, value: string, id: string): HTMLElement {
  return html('div', { class: 'fact' }, html('dt', {}, name), html('dd', { id }, value));
}

/** Points between two shares, as words. */
function drop(dense: number, lut: number): string {
  const points = (dense - lut) * 100;
  if (Math.abs(points) < 0.05) return 'the same';
  return `${Math.abs(points).toFixed(1)} points ${points > 0 ? 'lower' : 'higher'}`;
}

/** What the conversion cost and gained, on examples that it never saw. */
export function resultView(
  report: ConvertReport,
  comparison: Comparison,
  bytes: { readonly dense: number; readonly lut: number },
  convertTo: (point: TradeOffPoint) => void,
): HTMLElement {
  const { agreement, accuracy, difference, examples, runs } = comparison;
  const { plan, warnings } = report;
  const facts = [
    agreement === undefined ? undefined : fact('Same answer as the original', formatPercent(agreement), 'agreement'),
    accuracy &&
      fact(
        'Right answers',
        `${formatPercent(accuracy.dense)} → ${formatPercent(accuracy.lut)}, ${drop(accuracy.dense, accuracy.lut)}`,
        'accuracy',
      ),
    fact('Difference of the outputs', `${formatPercent(difference)} of their energy`, 'difference'),
    fact('File', `${formatBytes(bytes.dense)} → ${formatBytes(bytes.lut)}`, 'file-bytes'),
    plan?.measured &&
      fact(
        `Points of ${plan.metric} lost`,
        `predicted ${plan.predicted.drop!.toFixed(2)}, measured ${plan.measured.drop.toFixed(2)} ± ${plan.measured.deviation.toFixed(2)}`,
        'planned-drop',
      ),
    fact('Layers converted', `${report.totals.converted} of ${report.layers.length}`, 'converted'),
    fact('Conversion', `${report.seconds.toFixed(1)} s with ${counted(report.examples, 'example')}`, 'seconds'),
  ];
  return html(
    'div',
    { class: 'outcome' },
    latencyView(runs.lut, runs.dense),
    html('dl', { class: 'facts' }, ...facts),
    ...warnings.map((warning) => html('p', { class: 'remark warning' }, warning)),
    plan && tradeOffView(plan, convertTo),
    html(
      'p',
      { class: 'help' },
      `Compared on ${counted(examples, 'example')} held out from the conversion.` +
        (examples < 100 ? ' So few tell little: one more or less is a point or several.' : ''),
    ),
  );
}
