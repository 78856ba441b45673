import type { PlanReport, TradeOffPoint } from '../../src/convert/types.js';
import { button, html, svg } from '../shared/dom.js';
import { formatBytes } from '../shared/format.js';
import { tableRow, tableView } from '../shared/table.js';

const WIDTH = 640;
const HEIGHT = 300;
const LEFT = 72;
const BOTTOM = 54;
const MARGIN = 30;
const TICKS = 4;

const milliseconds = ({ nanoseconds }: Pick<TradeOffPoint, 'nanoseconds'>) => nanoseconds / 1e6;
const kept = ({ drop = 0 }: TradeOffPoint) => 100 - drop;

/** A point in words. */
function words(point: TradeOffPoint, metric: PlanReport['metric']): string {
  const loss = point.drop === undefined ? '' : `, ${point.drop.toFixed(1)} points of ${metric ?? 'agreement'} lost`;
  return `${milliseconds(point).toFixed(2)} ms, ${point.speedup.toFixed(1)} times as fast${loss}, ${formatBytes(point.bytes)}`;
}

/** Places of an axis from `low` to `high`. */
function ticks(low: number, high: number): number[] {
  return Array.from({ length: TICKS + 1 }, (_, i) => low + ((high - low) * i) / TICKS);
}

/**
 * The networks that the plan could have chosen, as a picture: what they keep against their time. A slider picks another point, by pointer or
 * keyboard, and a button converts to it.
 */
export function tradeOffView(plan: PlanReport, convertTo: (point: TradeOffPoint) => void): HTMLElement {
  const { points, metric } = plan;
  const slowest = Math.max(milliseconds(plan.dense), ...points.map(milliseconds)) * 1.03;
  const lowest = Math.floor(Math.min(98, ...points.map(kept)));
  const x = (value: number) => LEFT + (value / slowest) * (WIDTH - LEFT - MARGIN);
  const y = (value: number) => MARGIN + ((100 - value) / (100 - lowest)) * (HEIGHT - MARGIN - BOTTOM);
  const at = (point: TradeOffPoint) => ({ cx: x(milliseconds(point)), cy: y(kept(point)) });
  const label = (text: string, attributes: Record<string, string | number>) => svg('text', attributes, text);
  const circles = points.map((point, i) =>
    svg('circle', { class: i === plan.chosen ? 'point chosen' : 'point', ...at(point), r: i === plan.chosen ? 8 : 5 }),
  );
  const mark = svg('circle', { class: 'picked', r: 12 });
  const summary =
    `Trade-off of ${points.length} networks: from ${words(points[0]!, metric)}, to ${words(points.at(-1)!, metric)}. ` +
    `Chosen: ${words(points[plan.chosen]!, metric)}.`;
  const picture = svg(
    'svg',
    { class: 'trade-off-picture', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': summary },
    ...ticks(lowest, 100).flatMap((value) => [
      svg('line', { class: 'grid', x1: LEFT, x2: WIDTH - MARGIN, y1: y(value), y2: y(value) }),
      label(`${value.toFixed(1)}`, { x: LEFT - 8, y: y(value) + 5, 'text-anchor': 'end' }),
    ]),
    ...ticks(0, slowest).map((value) =>
      label(value.toFixed(2), { x: x(value), y: HEIGHT - BOTTOM + 24, 'text-anchor': 'middle' }),
    ),
    label('milliseconds', { x: WIDTH - MARGIN, y: HEIGHT - 6, 'text-anchor': 'end' }),
    label(metric === 'accuracy' ? '% of accuracy kept' : '% of answers kept', { x: 4, y: HEIGHT - 6 }),
    svg('polyline', { class: 'curve', points: points.map((point) => `${at(point).cx},${at(point).cy}`).join(' ') }),
    ...circles,
    mark,
  );
  const slider = html('input', {
    type: 'range',
    id: 'trade-off-point',
    min: 0,
    max: points.length - 1,
    step: 1,
    value: plan.chosen,
  });
  const output = html('output', { id: 'trade-off-words', for: 'trade-off-point' });
  const convert = button('Convert to this point', () => convertTo(points[slider.valueAsNumber]!), {
    id: 'convert-to-point',
  });
  const pick = (index: number) => {
    slider.valueAsNumber = index;
    const point = points[index]!;
    for (const [name, value] of Object.entries(at(point))) mark.setAttribute(name, String(value));
    output.textContent = words(point, metric);
    slider.setAttribute('aria-valuetext', words(point, metric));
    convert.disabled = index === plan.chosen;
  };
  slider.addEventListener('input', () => pick(slider.valueAsNumber));
  for (const [i, circle] of circles.entries()) circle.addEventListener('click', () => pick(i));
  pick(plan.chosen);
  return html(
    'section',
    { class: 'trade-off', id: 'trade-off', 'aria-labelledby': 'trade-off-title' },
    html('h3', { id: 'trade-off-title' }, 'Speed against accuracy, as predicted'),
    picture,
    html('label', { class: 'legend', for: 'trade-off-point' }, 'Another network of this curve'),
    slider,
    output,
    html('div', { class: 'choices' }, convert),
    pointTable(plan),
  );
}

/** What the picture shows, as a table, and what becomes of each layer. */
function pointTable({ points, metric }: PlanReport): HTMLElement {
  const rows = points.map((point) =>
    tableRow(
      milliseconds(point).toFixed(2),
      html('td', { class: 'number' }, point.speedup.toFixed(2)),
      html('td', { class: 'number' }, point.drop?.toFixed(2) ?? ''),
      html('td', { class: 'number' }, formatBytes(point.bytes)),
      html(
        'td',
        {},
        Object.entries(point.forms)
          .map(([name, form]) => `${name}: ${form}`)
          .join('; '),
      ),
    ),
  );
  const columns = [
    ['ms'],
    ['Times as fast', 'number'],
    [`Points of ${metric ?? 'agreement'} lost`, 'number'],
    ['File', 'number'],
    ['Layers'],
  ] as const;
  const caption = html('caption', { class: 'visually-hidden' }, 'Networks of the curve');
  return html(
    'details',
    {},
    html('summary', {}, 'As a table'),
    tableView('Networks of the curve', columns, rows, { caption }),
  );
}
