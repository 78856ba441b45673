import type { Random } from '../../src/convert/random.js';

/** The value below which the given share of the values lies, interpolated between neighbors (Hyndman and Fan's type 7). */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below]! + (sorted[above]! - sorted[below]!) * (place - below);
}

export interface Interval {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2000;

/**
 * Ratio of the medians of two lists that were sampled in the same rounds, with its 95 % percentile bootstrap interval (Efron and
 * Tibshirani 1993, chapter 13). Rounds are drawn, not single values: what disturbed both engines stays together.
 *
 * @param numerator one value per round
 * @param denominator one value per round, as many
 */
export function medianRatio(numerator: readonly number[], denominator: readonly number[], random: Random): Interval {
  const rounds = numerator.length;
  const ratios = Array.from({ length: RESAMPLES }, () => {
    const drawn = Array.from({ length: rounds }, () => Math.floor(random() * rounds));
    return (
      quantile(
        drawn.map((i) => numerator[i]!),
        0.5,
      ) /
      quantile(
        drawn.map((i) => denominator[i]!),
        0.5,
      )
    );
  });
  return {
    ratio: quantile(numerator, 0.5) / quantile(denominator, 0.5),
    low: quantile(ratios, 0.025),
    high: quantile(ratios, 0.975),
  };
}

/** The values in a random order (Fisher and Yates). */
export function shuffle<T>(values: readonly T[], random: Random): T[] {
  const result = [...values];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}
