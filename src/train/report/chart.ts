/** One curve: points in order of x; gaps are left out by the caller. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

interface ChartOptions {
  readonly title: string;
  /** Unit or meaning of the axes. */
  readonly x: string;
  readonly y: string;
  /** Logarithmic y axis; all values must be above 0. */
  readonly logarithmic?: boolean;
  readonly series: readonly Series[];
}

const WIDTH = 720;
const HEIGHT = 300;
const MARGIN = { left: 84, right: 32, top: 36, bottom: 56 } as const;
/** Curves beyond this many share colours. */
const COLOURS = 8;
const TICKS = 5;

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[letter]!);
}

/** At most four significant digits, without an exponent for everyday sizes. */
export function formatNumber(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e5
    ? String(Number(value.toPrecision(4)))
    : value.toExponential(2).replace(/\.?0+e/, 'e');
}

/** Multiples of 1, 2 or 5 times a power of ten that cover [low, high] in about {@link TICKS} steps. */
export function niceTicks(low: number, high: number): number[] {
  const raw = (high - low || Math.abs(high) || 1) / TICKS;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw)!;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** An inline SVG of curves with axes, a legend and a text description. Empty when no series has a point. */
export function chart({ title, x, y, logarithmic = false, series }: ChartOptions): string {
  const drawn = series.filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return '';
  const value = (v: number) => (logarithmic ? Math.log10(v) : v);
  const all = drawn.flatMap(({ points }) => points);
  const xs = all.map(([px]) => px);
  const ys = all.map(([, py]) => value(py));
  const [x0, x1] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const slack = (high - low || Math.abs(high) || 1) * 0.05;
  const [y0, y1] = [low - slack, high + slack];
  const left = (px: number) => MARGIN.left + ((px - x0) / (x1 - x0 || 1)) * (WIDTH - MARGIN.left - MARGIN.right);
  const top = (py: number) => MARGIN.top + ((y1 - py) / (y1 - y0)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const at = (n: number) => n.toFixed(1);

  const rows = niceTicks(y0, y1).map((tick) => {
    const label = formatNumber(logarithmic ? 10 ** tick : tick);
    return `<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at(top(tick))}" y2="${at(top(tick))}"/><text class="tick" text-anchor="end" x="${MARGIN.left - 8}" y="${at(top(tick) + 4)}">${label}</text>`;
  });
  const columns = niceTicks(x0, x1).map(
    (tick) =>
      `<text class="tick" text-anchor="middle" x="${at(left(tick))}" y="${HEIGHT - MARGIN.bottom + 22}">${formatNumber(tick)}</text>`,
  );
  const curves = drawn.map(({ points }, i) => {
    const path = points.map(([px, py]) => `${at(left(px))},${at(top(value(py)))}`).join(' ');
    return points.length === 1
      ? `<circle class="dot c${i % COLOURS}" cx="${path.split(',')[0]}" cy="${path.split(',')[1]}" r="3"/>`
      : `<polyline class="c${i % COLOURS}" points="${path}"/>`;
  });
  const summary = drawn.map(({ name, points }) => {
    const [, first] = points[0]!;
    const [, last] = points.at(-1)!;
    return `${name}: ${formatNumber(first)} to ${formatNumber(last)}`;
  });
  const legend = drawn.map(({ name }, i) => `<li class="c${i % COLOURS}">${escapeHtml(name)}</li>`).join('');
  return `<figure>
<figcaption>${escapeHtml(title)}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(`${title}. ${summary.join('; ')}`)}">
${rows.join('\n')}
${columns.join('\n')}
<text class="axis" text-anchor="middle" x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 6}">${escapeHtml(x)}</text>
<text class="axis" x="0" y="16">${escapeHtml(y)}</text>
${curves.join('\n')}
</svg>
<ul class="legend">${legend}</ul>
</figure>`;
}
