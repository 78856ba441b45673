import { ENGINES, OWN_ENGINES } from '../../bench/measure/engines.js';
import type { TrainedResults, TrainedRow } from '../../bench/trained/results.js';
import { LutraError } from '../../src/errors.js';
import { html } from '../shared/dom.js';
import { formatBytes, formatMilliseconds } from '../shared/format.js';
import { type Column, numberCell, tableRow, tableView } from '../shared/table.js';

const COLUMNS: readonly Column[] = [
  ['Number'],
  ['Engine and file'],
  ...['Accuracy', 'One answer', 'File', 'Speed, int8 = 1', 'Speed, float32 = 1'].map(
    (title): Column => [title, 'number'],
  ),
  ['No file is better', 'number'],
];
const HEIGHT = 300;
/** Square pixels of a file of one megabyte. */
const AREA_OF_MEGABYTE = 60;

/** Recorded results of the suite `trained`; undefined where the site has none. @throws LutraError `LOAD_FAILED` */
export async function loadTrained(base: URL): Promise<TrainedResults | undefined> {
  const response = await fetch(new URL('results/trained/trained.json', base)).catch((cause: unknown) => {
    throw new LutraError('LOAD_FAILED', 'recorded results could not be fetched', { cause });
  });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new LutraError('LOAD_FAILED', `the recorded results answered HTTP ${response.status}`);
  return (await response.json()) as TrainedResults;
}

/** Draws accuracy against time of every shipped task, with a table of the same numbers, and draws again when its width changes. */
export function mountTrained(place: HTMLElement, results: TrainedResults): void {
  const views = results.tasks.map((task) => {
    const rows = results.rows.filter((row) => row.task === task.id);
    const picture = html('div', {});
    const caption = html('p', { class: 'help' }, `${rows[0]?.examples ?? 0} test examples: ${task.data}.`);
    place.append(html('h3', {}, task.title), caption, picture, trainedTable(task.title, rows, results));
    return { title: task.title, rows, picture };
  });
  const { browser, machine } = results.environment;
  place.append(html('p', { class: 'help' }, `Recorded in ${browser}, one thread. ${machine}.`));
  let width = 0;
  new ResizeObserver(([entry]) => {
    const now = Math.round(entry!.contentRect.width);
    if (now === width || now === 0) return;
    width = now;
    for (const { title, rows, picture } of views)
      void drawTask(title, rows, now).then((figure) => {
        if (now === width) picture.replaceChildren(figure);
      });
  }).observe(place);
}

const isOwn = ({ engine }: TrainedRow): boolean => OWN_ENGINES.includes(engine);
/** Lutra's lookups, Lutra's other files, other engines. */
const symbolOf = (row: TrainedRow): string => (row.lookups ? 'circle' : isOwn(row) ? 'square' : 'triangle');

async function drawTask(title: string, rows: readonly TrainedRow[], width: number): Promise<HTMLElement> {
  const Plot = await import('@observablehq/plot');
  const points = rows.map((row, i) => ({ ...row, label: String(i + 1), percent: 100 * row.accuracy }));
  const percents = points.map(({ percent }) => percent);
  // Room around the outermost points, and an axis where all are alike.
  const margin = Math.max(0.2, (Math.max(...percents) - Math.min(...percents)) / 8);
  const times = rows.map(({ milliseconds }) => milliseconds);
  const [fastest, slowest] = [Math.min(...times), Math.max(...times)];
  const color = (row: TrainedRow) => (isOwn(row) ? 'var(--accent)' : 'var(--ink-2)');
  const plot = Plot.plot({
    width,
    height: HEIGHT,
    marginLeft: 48,
    marginRight: 24,
    marginTop: 24,
    marginBottom: 44,
    className: 'trained-plot',
    style: { background: 'transparent', color: 'var(--ink-2)', fontFamily: 'inherit', fontSize: '12px' },
    x: {
      type: 'log',
      label: 'milliseconds per answer (logarithmic)',
      grid: true,
      domain: [fastest / 1.4, slowest * 1.4],
      tickFormat: String,
    },
    y: { label: 'accuracy, %', grid: true, domain: [Math.min(...percents) - margin, Math.max(...percents) + margin] },
    r: { type: 'identity' },
    symbol: { type: 'identity' },
    marks: [
      Plot.dot(points, {
        x: 'milliseconds',
        y: 'percent',
        r: ({ bytes }: TrainedRow) => Math.max(4, Math.sqrt((bytes / 1e6) * (AREA_OF_MEGABYTE / Math.PI))),
        symbol: symbolOf,
        fill: color,
        fillOpacity: 0.3,
        stroke: color,
      }),
      Plot.text(points, {
        x: 'milliseconds',
        y: 'percent',
        text: 'label',
        fill: 'var(--ink)',
        fontWeight: 600,
        dy: -14,
      }),
    ],
  });
  plot.setAttribute('aria-hidden', 'true');
  // The page's policy forbids style elements.
  for (const style of plot.querySelectorAll('style')) style.remove();
  const label = `${title}: accuracy against time. The table below has the numbers`;
  return html('figure', { class: 'trained', role: 'img', 'aria-label': label }, plot as unknown as Node);
}

function trainedTable(title: string, rows: readonly TrainedRow[], { pareto }: TrainedResults): HTMLElement {
  const of = (engine: TrainedRow['engine']) => rows.find((row) => row.engine === engine);
  const ratio = (from: TrainedRow | undefined, to: TrainedRow) =>
    from ? `${(from.milliseconds / to.milliseconds).toFixed(2)}×` : '–';
  const front = new Set(pareto.map(({ file }) => file));
  const lines = rows.map((row, i) =>
    tableRow(
      String(i + 1),
      html('td', { class: isOwn(row) ? 'own' : undefined }, `${ENGINES[row.engine].title}: ${row.form}`),
      numberCell(`${(100 * row.accuracy).toFixed(2)} %`),
      numberCell(formatMilliseconds(row.milliseconds)),
      numberCell(formatBytes(row.bytes)),
      numberCell(ratio(of('ort-int8'), row)),
      numberCell(ratio(of('ort-f32'), row)),
      numberCell(front.has(row.file) ? 'yes' : ''),
    ),
  );
  return tableView(`${title}: accuracy, time and size as a table`, COLUMNS, lines, { kind: 'results' });
}
