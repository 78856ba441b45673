import { html, svg } from '../shared/dom.js';
import { formatMilliseconds, median } from '../shared/format.js';
import type { EngineKind } from '../shared/models.js';

const WIDTH = 1000;
const HEIGHT = 26;

/** One bar as long as the median, with a tick for every run on top. `scale` is the time at the right end. */
function strip(kind: EngineKind, runs: readonly number[], scale: number): SVGSVGElement {
  const x = (milliseconds: number) => Math.min(WIDTH, (milliseconds / scale) * WIDTH);
  return svg(
    'svg',
    { class: `strip ${kind}`, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('rect', { class: 'groove', width: WIDTH, height: HEIGHT, rx: 3 }),
    svg('rect', { class: 'median', width: Math.max(2, x(median(runs))), height: HEIGHT, rx: 3 }),
    ...runs.map((run) => svg('line', { class: 'run', x1: x(run), x2: x(run), y1: 6, y2: HEIGHT - 6 })),
  );
}

function compare(lut: number, dense: number): string {
  const ratio = dense / lut;
  if (!Number.isFinite(ratio) || ratio <= 0) return 'Both are too fast for this browser’s clock.';
  if (ratio >= 1.05) return `${ratio.toFixed(1)}× faster by lookup`;
  if (ratio <= 0.95) return `${(1 / ratio).toFixed(1)}× slower by lookup, here`;
  return 'As fast as its dense original, here';
}

/** Median and single runs of both networks, on one scale. */
export function latencyView(lut: readonly number[], dense: readonly number[]): HTMLElement {
  const all = [...lut, ...dense].sort((a, b) => a - b);
  // The scale ends at the 95th percentile: one slow run must not make all other bars short.
  const scale = Math.max(median(lut), median(dense), all[Math.floor(all.length * 0.95)] ?? 0) * 1.05 || 1;
  const row = (kind: EngineKind, name: string, runs: readonly number[]) =>
    html(
      'div',
      { class: 'latency-row' },
      html('span', { class: 'latency-name' }, name),
      html('span', { class: 'latency-value', id: `latency-${kind}` }, formatMilliseconds(median(runs))),
      strip(kind, runs, scale),
    );
  return html(
    'div',
    { class: 'latency' },
    html('p', { class: 'headline', id: 'speedup' }, compare(median(lut), median(dense))),
    row('lut', 'Lookup', lut),
    row('dense', 'Dense original', dense),
    html(
      'p',
      { class: 'help' },
      `Bars are the median of ${lut.length} runs each, taken in turn in the worker on the same engine; ticks are the runs.`,
    ),
  );
}
