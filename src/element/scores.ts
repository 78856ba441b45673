import type { ClassScore } from './types.js';

/** Scores as probabilities. Scores that are a distribution already are returned, others go through softmax. */
export function toProbabilities(scores: Float32Array): Float32Array {
  const sum = scores.reduce((total, score) => total + score, 0);
  if (Math.abs(sum - 1) < 1e-3 && scores.every((score) => score >= 0 && score <= 1)) return scores;
  const highest = scores.reduce((best, score) => Math.max(best, score), Number.NEGATIVE_INFINITY);
  const exponentials = scores.map((score) => Math.exp(score - highest));
  const total = exponentials.reduce((all, value) => all + value, 0);
  return exponentials.map((value) => value / total);
}

/** Class names from the metadata entry `lutra.labels`, a JSON array. Empty when the entry is missing or is not an array. */
export function readLabels(json: string | undefined): readonly string[] {
  if (json === undefined) return [];
  try {
    const labels: unknown = JSON.parse(json);
    return Array.isArray(labels) ? labels.map(String) : [];
  } catch {
    return [];
  }
}

/** Name of a class. Classes without a name are numbered. */
export function labelOf(labels: readonly string[], index: number): string {
  return labels[index] ?? `class ${index}`;
}

/** The `count` most likely classes, the most likely first. Among equals the class with the lower index comes first. */
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
