import type { ClassScore } from './types.js';

/** Scores as probabilities: themselves when they are a distribution already, else their softmax. */
export function toProbabilities(scores: Float32Array): Float32Array {
  const sum = scores.reduce((total, score) => total + score, 0);
  if (Math.abs(sum - 1) < 1e-3 && scores.every((score) => score >= 0 && score <= 1)) return scores;
  const highest = scores.reduce((best, score) => Math.max(best, score), Number.NEGATIVE_INFINITY);
  const exponentials = scores.map((score) => Math.exp(score - highest));
  const total = exponentials.reduce((all, value) => all + value, 0);
  return exponentials.map((value) => value / total);
}

/** Class names from the `lutra.labels` metadata entry, a JSON array; none when it is absent or something else. */
export function readLabels(json: string | undefined): readonly string[] {
  if (json === undefined) return [];
  try {
    const labels: unknown = JSON.parse(json);
    return Array.isArray(labels) ? labels.map(String) : [];
  } catch {
    return [];
  }
}

/** Name of a class; classes without one are numbered. */
export function labelOf(labels: readonly string[], index: number): string {
  return labels[index] ?? `class ${index}`;
}

/** The `count` likeliest classes, the likeliest first, the earlier one among equals. */
export function topClasses(
  probabilities: Float32Array,
  labels: readonly string[],
  count: number,
): readonly ClassScore[] {
  return [...probabilities.keys()]
    .sort((a, b) => probabilities[b]! - probabilities[a]! || a - b)
    .slice(0, count)
    .map((index) => ({ label: labelOf(labels, index), index, probability: probabilities[index]! }));
}
