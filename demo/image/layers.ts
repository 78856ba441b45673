import { OPERATOR_FACTS } from '../../src/lut/facts.js';
import { html, svg } from '../shared/dom.js';
import { formatMilliseconds } from '../shared/format.js';
import type { EngineKind } from '../shared/models.js';
import { type Column, numberCell, tableRow, tableView } from '../shared/table.js';
import type { LayerTime, Measurement } from './network.js';

const WIDTH = 1000;
const HEIGHT = 56;

/** Groups that the chart tells apart by shade; the table names every operator. */
const GROUPS = [
  ['encode', 'Encode: find the nearest codes'],
  ['lookup', 'LookUp: add table rows'],
  ['dense', 'Dense: multiply'],
  ['other', 'Everything else'],
] as const;
type Group = (typeof GROUPS)[number][0];

function groupOf({ op }: LayerTime): Group {
  const lookup = OPERATOR_FACTS.find(({ spec }) => spec.name === op);
  if (lookup?.result === 'codes') return 'encode';
  if (lookup && !lookup.quantizes) return 'lookup';
  if (/Conv|Gemm|MatMul/.test(op)) return 'dense';
  return 'other';
}

const total = (layers: readonly LayerTime[]) => layers.reduce((sum, { milliseconds }) => sum + milliseconds, 0);

/** All layers side by side in order, each as wide as its time. */
function strip(layers: readonly LayerTime[], scale: number, name: string): SVGSVGElement {
  let x = 0;
  const parts = layers.map((layer) => {
    const width = (layer.milliseconds / scale) * WIDTH;
    // A small gap separates neighbors. It does not move the next layer.
    const part = svg(
      'rect',
      { class: `op-${groupOf(layer)}`, x, width: Math.max(0.5, width - 1.5), height: HEIGHT },
      svg('title', {}, `${layer.node} (${layer.op}): ${formatMilliseconds(layer.milliseconds)}`),
    );
    x += width;
    return part;
  });
  const label = `${name}: ${layers.length} layers, ${formatMilliseconds(total(layers))} in all; the table below has every one`;
  const attributes = {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    role: 'img',
    'aria-label': label,
  };
  return svg('svg', { class: 'layer-strip', ...attributes }, ...parts);
}

function table(name: string, layers: readonly LayerTime[]): HTMLElement {
  const all = total(layers);
  const rows = layers.map(({ node, op, kernel, milliseconds }) =>
    tableRow(
      node,
      html('td', {}, op),
      html('td', {}, kernel),
      numberCell(formatMilliseconds(milliseconds)),
      numberCell(all > 0 ? `${((milliseconds / all) * 100).toFixed(1)} %` : ''),
    ),
  );
  const columns: Column[] = [['Layer'], ['Operator'], ['Kernel'], ['Time', 'number'], ['Share', 'number']];
  const caption = html('caption', {}, `${name}: ${formatMilliseconds(all)}`);
  return tableView(`${name}, layer by layer`, columns, rows, { caption });
}

/** Time per layer of both networks on one scale, with tables saying the same in words. */
export function layersView(lut: Measurement, dense: Measurement): HTMLElement {
  const scale = Math.max(total(lut.layers), total(dense.layers)) || 1;
  const rows: readonly (readonly [EngineKind, string, Measurement])[] = [
    ['lut', 'Lookup', lut],
    ['dense', 'Dense original', dense],
  ];
  const used = new Set([...lut.layers, ...dense.layers].map(groupOf));
  const legend = GROUPS.filter(([group]) => used.has(group)).map(([group, words]) =>
    html('li', {}, html('span', { class: `swatch op-${group}` }), words),
  );
  return html(
    'div',
    { class: 'layers-view' },
    ...rows.map(([, name, { layers }]) =>
      html(
        'div',
        { class: 'layer-row' },
        html('span', { class: 'layer-name' }, name),
        html('span', { class: 'layer-total' }, formatMilliseconds(total(layers))),
        strip(layers, scale, name),
      ),
    ),
    html('ul', { class: 'legend-list' }, ...legend),
    html(
      'p',
      { class: 'help' },
      'One run of each with a look at the clock after every layer, which takes a little time itself.',
    ),
    html(
      'details',
      {},
      html('summary', {}, 'All layers as a table'),
      html('div', { class: 'tables' }, ...rows.map(([, name, { layers }]) => table(name, layers))),
    ),
  );
}
