import { seededRandom } from './random.js';
import type { Frontier } from './segment.js';

/** Scores of classes, example by example. */
export interface Logits {
  /** [examples, classes] */
  readonly data: Float32Array;
  readonly classes: number;
}

/** As in the loss of a distillation: KL divergences are taken at this temperature and multiplied by its square. */
const TEMPERATURE = 4;

/**
 * The scores that a network computed. Where it ends in a softmax, their logarithms.
 * @returns undefined when the value is not float32 [N, classes]
 */
export function readLogits({ batches }: Frontier, output: string): Logits | undefined {
  const parts: Float32Array[] = [];
  let classes = 0;
  for (const live of batches) {
    const value = live.get(output);
    if (value?.type !== 'float32' || value.dims.length !== 2 || value.dims[1]! < 2) return undefined;
    classes = value.dims[1]!;
    parts.push(value.data as Float32Array);
  }
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  const rows = Math.min(32, data.length / classes);
  const sums = Array.from({ length: rows }, (_, i) =>
    data.subarray(i * classes, (i + 1) * classes).reduce((sum, value) => sum + (value < 0 ? NaN : value), 0),
  );
  const probabilities = sums.every((sum) => Math.abs(sum - 1) < 1e-3);
  return { data: probabilities ? data.map((p) => Math.log(Math.max(p, 1e-12))) : data, classes };
}

/** Examples from `first` on. */
export function logitsFrom({ data, classes }: Logits, first: number): Logits {
  return { data: data.subarray(first * classes), classes };
}

/** Index of the largest score of an example; the lowest among equals. */
function answer({ data, classes }: Logits, example: number): number {
  const from = example * classes;
  let best = 0;
  for (let i = 1; i < classes; i++) if (data[from + i]! > data[from + best]!) best = i;
  return best;
}

/** What separates two networks. */
export interface Difference {
  /** Mean T² · KL divergence of the first from the second at T = 4. */
  readonly divergence: number;
  /** Percentage of examples with another answer. */
  readonly changed: number;
  /** Percentage points of accuracy lost; undefined without labels. */
  readonly lost: number | undefined;
}

/** Compares two networks on the same examples. @param labels of these examples */
export function differenceOf(dense: Logits, other: Logits, labels: ArrayLike<number> | undefined): Difference {
  const { classes } = dense;
  const examples = dense.data.length / classes;
  let [divergence, changed, lost] = [0, 0, 0];
  for (let i = 0; i < examples; i++) {
    divergence += kullbackLeibler(dense.data, other.data, i * classes, classes);
    const [before, after] = [answer(dense, i), answer(other, i)];
    if (before !== after) changed++;
    if (labels) lost += Number(before === labels[i]) - Number(after === labels[i]);
  }
  const share = 100 / examples;
  return {
    divergence: (TEMPERATURE ** 2 * divergence) / examples,
    changed: changed * share,
    lost: labels && lost * share,
  };
}

function kullbackLeibler(p: Float32Array, q: Float32Array, from: number, classes: number): number {
  const logs = [p, q].map((data) => {
    let most = -Infinity;
    for (let i = 0; i < classes; i++) most = Math.max(most, data[from + i]!);
    let sum = 0;
    for (let i = 0; i < classes; i++) sum += Math.exp((data[from + i]! - most) / TEMPERATURE);
    return most / TEMPERATURE + Math.log(sum);
  });
  let total = 0;
  for (let i = 0; i < classes; i++) {
    const [a, b] = [p[from + i]! / TEMPERATURE - logs[0]!, q[from + i]! / TEMPERATURE - logs[1]!];
    total += Math.exp(a) * (a - b);
  }
  return total;
}

/** A normally distributed number (Box, Muller 1958). */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

const DRAWS = 24;
/** Of the noise, relative to the spread of the scores. */
const LEVELS = [0, 0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1, 1.5, 2.5];

/**
 * How many answers change and how much accuracy is lost at a divergence: noise on the dense network's scores, strong enough for that
 * divergence, averaged over many draws. Far less noisy than the count of a few changed answers.
 */
export class AnswerModel {
  readonly #points: Difference[];

  constructor(logits: Logits, labels: ArrayLike<number> | undefined) {
    const { data } = logits;
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const spread = Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length) || 1;
    const draws = LEVELS.map(() => ({ divergence: 0, changed: 0, lost: 0 }));
    const random = seededRandom(1);
    for (let draw = 0; draw < DRAWS; draw++) {
      // The same noise at all levels: differences between them are not chance.
      const noise = Float32Array.from(data, () => normal(random) * spread);
      LEVELS.forEach((level, i) => {
        const other = { ...logits, data: data.map((value, at) => value + level * noise[at]!) };
        const { divergence, changed, lost = 0 } = differenceOf(logits, other, labels);
        draws[i]!.divergence += divergence / DRAWS;
        draws[i]!.changed += changed / DRAWS;
        draws[i]!.lost += lost / DRAWS;
      });
    }
    this.#points = draws.map((each) => ({ ...each, lost: labels && each.lost }));
  }

  /** @param divergence at least 0 */
  at(divergence: number): Difference {
    const points = this.#points;
    let i = 1;
    while (i + 1 < points.length && points[i]!.divergence < divergence) i++;
    const [a, b] = [points[i - 1]!, points[i]!];
    // Between two levels changes grow with the noise, which is the root of the divergence.
    const root = Math.sqrt(a.divergence);
    const along = Math.min(1, (Math.sqrt(divergence) - root) / (Math.sqrt(b.divergence) - root || 1));
    const between = (from: number, to: number) => from + along * (to - from);
    const lost = a.lost === undefined || b.lost === undefined ? undefined : Math.max(0, between(a.lost, b.lost));
    return { divergence, changed: between(a.changed, b.changed), lost };
  }
}
