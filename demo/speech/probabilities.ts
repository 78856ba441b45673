import { WordDetector } from '../../src/speech/word-detector.js';
import { byId, html, svg } from '../shared/dom.js';
import { formatPercent } from '../shared/format.js';
import { type Column, numberCell, tableRow, tableView } from '../shared/table.js';
import { classTitle } from './result.js';
import { SECONDS } from './sound-view.js';

/** CSS pixels above probability 1, for the names of lines. */
const HEADROOM = 28;
/** A line gets its name where it rises above this. */
const NAMED = 0.35;
/** Milliseconds between updates of the table, which is for reading. */
const TABLE_MILLISECONDS = 1000;
const COLUMNS: readonly Column[] = [
  ['Sound up to'],
  ['Most likely'],
  ['Probability', 'number'],
  ['Next'],
  ['Probability', 'number'],
];

interface Point {
  /** Milliseconds of sound. */
  readonly time: number;
  /** [classes] */
  readonly probabilities: Float32Array;
}

/** Lines of the smoothed probabilities over the last seconds, with a table that says the same. */
export function createProbabilities() {
  let labels: readonly string[] = [];
  let points: Point[] = [];
  let lines: SVGPolylineElement[] = [];
  let names: SVGTextElement[] = [];
  let wanted = false;
  let lastTable = 0;
  let counts = 1;
  /** CSS pixels of the chart. */
  let width = 1;
  let height = 1;
  const threshold = svg('line', { class: 'threshold-line', x1: 0 });
  const thresholdName = svg('text', { class: 'threshold-name', x: 0 }, 'counts from here');
  const plot = svg('g');
  const chart = svg(
    'svg',
    {
      class: 'lines',
      role: 'img',
      'aria-label': 'Smoothed probability of every word over the last seconds',
    },
    plot,
    threshold,
    thresholdName,
  );
  const caption = html('caption', {}, 'The last windows');
  const table = tableView('The last windows', COLUMNS, [], { caption });
  const body = table.querySelector('tbody')!;
  const details = html('details', {}, html('summary', {}, 'The same as a table'), table);
  byId('probabilities').replaceChildren(chart, details);
  details.addEventListener('toggle', () => fillTable());

  const y = (probability: number) => HEADROOM + (height - HEADROOM) * (1 - probability);

  function placeThreshold(): void {
    threshold.setAttribute('x2', String(width));
    for (const end of ['y1', 'y2']) threshold.setAttribute(end, String(y(counts)));
    thresholdName.setAttribute('y', String(y(counts) - 6));
  }

  new ResizeObserver(() => {
    width = Math.max(1, chart.clientWidth);
    height = Math.max(1, chart.clientHeight);
    chart.setAttribute('viewBox', `0 0 ${width} ${height}`);
    placeThreshold();
    draw();
  }).observe(chart);

  function fillTable(): void {
    lastTable = performance.now();
    if (!details.open) return;
    const rows = points.slice(-60).reverse();
    body.replaceChildren(
      ...rows.map(({ time, probabilities }) => {
        const [first = 0, second = 0] = [...probabilities.keys()].sort((a, b) => probabilities[b]! - probabilities[a]!);
        const cells = [first, second].flatMap((index) => [
          html('td', {}, classTitle(labels[index]!)),
          numberCell(formatPercent(probabilities[index]!)),
        ]);
        return tableRow(`${(time / 1000).toFixed(2)} s`, ...cells);
      }),
    );
  }

  function drawClass(index: number, end: number): void {
    const x = (time: number) => width * (1 - (end - time) / (1000 * SECONDS));
    let top: Point | undefined;
    const path = points.map((point) => {
      const value = point.probabilities[index]!;
      if (!top || value > top.probabilities[index]!) top = point;
      return `${x(point.time).toFixed(1)},${y(value).toFixed(1)}`;
    });
    lines[index]!.setAttribute('points', path.join(' '));
    const name = names[index]!;
    const highest = top?.probabilities[index] ?? 0;
    name.toggleAttribute('hidden', highest < NAMED);
    lines[index]!.classList.toggle('named', highest >= NAMED);
    if (!top || highest < NAMED) return;
    const half = name.getComputedTextLength() / 2;
    name.setAttribute('x', String(Math.max(half, Math.min(width - half, x(top.time)))));
    name.setAttribute('y', String(y(highest) - 8));
  }

  function draw(): void {
    if (wanted) return;
    wanted = true;
    requestAnimationFrame(() => {
      wanted = false;
      const end = points.at(-1)?.time ?? 0;
      for (let index = 0; index < labels.length; index++) drawClass(index, end);
      if (performance.now() - lastTable > TABLE_MILLISECONDS) fillTable();
    });
  }

  return {
    reset(next: readonly string[]) {
      labels = next;
      lines = next.map((label) =>
        svg('polyline', {
          class: WordDetector.isFiller(label) ? 'line filler' : 'line',
          'vector-effect': 'non-scaling-stroke',
        }),
      );
      names = next.map((label) => svg('text', { class: 'line-name', hidden: true }, classTitle(label)));
      plot.replaceChildren(...lines, ...names);
      this.clear();
    },
    add(time: number, probabilities: Float32Array) {
      points = [...points.filter((point) => time - point.time < 1000 * SECONDS), { time, probabilities }];
      draw();
    },
    /** @param value 0..1 */
    setThreshold(value: number) {
      counts = value;
      placeThreshold();
    },
    clear() {
      points = [];
      draw();
      fillTable();
    },
  };
}
