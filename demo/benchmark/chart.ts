import { ENGINE_IDS } from '../../bench/measure/engines.js';
import { wayTitle } from '../../bench/measure/labels.js';
import type { BenchResults } from '../../bench/measure/results.js';
import { html } from '../shared/dom.js';
import { networkTitle } from './results-file.js';

const ROW_HEIGHT = 24;
const FACET_PADDING = 38;
/** Below this width the names of the engines would leave no room for the dots. */
const NARROW = 560;

/** 1, 2, 5, 10, … around the values. Only powers of ten where the chart is narrow and the range is large. */
export function logarithmicTicks(values: readonly number[], narrow: boolean): readonly number[] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const first = Math.floor(Math.log10(least));
  const last = Math.ceil(Math.log10(most));
  const steps = narrow && last - first > 2 ? [1] : [1, 2, 5];
  const powers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const ticks = powers.flatMap((power) => steps.map((step) => Number(`${step}e${power}`)));
  const below = ticks.filter((tick) => tick <= least).length - 1;
  const above = ticks.findIndex((tick) => tick >= most);
  return ticks.slice(below, above + 1);
}

/**
 * Every sample as a dot, a tick at the median, one band per network; milliseconds on a logarithmic axis, where equal distances are
 * equal ratios. Observable Plot is downloaded on first use.
 */
export async function distributions(results: BenchResults, width: number): Promise<HTMLElement> {
  const Plot = await import('@observablehq/plot');
  const titled = results.results.map((result) => ({ result, engine: wayTitle(result, results.results) }));
  const points = titled.flatMap(({ result, engine }) =>
    result.samples_ms.map((milliseconds) => ({
      milliseconds,
      engine,
      network: networkTitle(results, result.network),
      own: result.engine === 'lutra',
    })),
  );
  const networks = [...new Set(points.map(({ network }) => network))];
  const engines = ENGINE_IDS.flatMap((id) => [
    ...new Set(titled.filter(({ result }) => result.engine === id).map(({ engine }) => engine)),
  ]);
  const narrow = width < NARROW;
  const longest = Math.max(...engines.map(({ length }) => length));
  const marginLeft = narrow ? Math.max(128, longest * 5.8) : Math.max(168, longest * 6.8);
  const milliseconds = points.map((point) => point.milliseconds);
  const ticks = logarithmicTicks(milliseconds, narrow);
  const colour = ({ own }: { own: boolean }) => (own ? 'var(--accent)' : 'var(--ink-2)');
  const plot = Plot.plot({
    width,
    height: networks.length * (engines.length * ROW_HEIGHT + FACET_PADDING) + 80,
    marginLeft,
    marginRight: 16,
    marginTop: 28,
    marginBottom: 52,
    className: 'distribution',
    style: {
      background: 'transparent',
      color: 'var(--ink-2)',
      fontFamily: 'inherit',
      fontSize: narrow ? '11px' : '13px',
    },
    x: {
      type: 'log',
      labelOffset: 42,
      label: 'milliseconds per answer (logarithmic)',
      grid: true,
      domain: [ticks[0]!, ticks.at(-1)!],
      ticks,
      tickFormat: String,
    },
    y: { domain: engines, label: null, tickSize: 0 },
    fy: {
      domain: networks,
      label: null,
      axis: null,
      padding: FACET_PADDING / (engines.length * ROW_HEIGHT + FACET_PADDING),
    },
    marks: [
      Plot.text(networks, {
        fy: (network: string) => network,
        text: (network: string) => network,
        frameAnchor: 'top-left',
        dy: -18,
        dx: 6 - marginLeft,
        fill: 'var(--ink)',
        fontWeight: 600,
      }),
      Plot.dot(points, {
        x: 'milliseconds',
        y: 'engine',
        fy: 'network',
        r: 3,
        fill: colour,
        fillOpacity: 0.28,
      }),
      Plot.tickX(
        points,
        Plot.groupY(
          { x: 'median' },
          { x: 'milliseconds', y: 'engine', fy: 'network', stroke: colour, strokeWidth: 2.5 },
        ),
      ),
    ],
  });
  // The figure around it speaks for all of it.
  plot.setAttribute('aria-hidden', 'true');
  // The page's policy forbids style elements; benchmark.css has what Plot would put there.
  for (const style of plot.querySelectorAll('style')) style.remove();
  return html(
    'figure',
    {
      class: 'chart',
      role: 'img',
      'aria-label': 'Distribution of the time of one answer; the table below has the numbers',
    },
    plot as unknown as Node,
  );
}
