import { LutraError } from '../errors.js';
import type { TensorLike } from '../session/types.js';

/** Class scores as a matrix [rows, classes]. */
export interface Scores {
  readonly rows: number;
  readonly classes: number;
  readonly values: Float32Array;
}

/**
 * Reads a classifier's output [n, classes] (further dimensions of size 1 are ignored).
 * @throws {LutraError} `INVALID_DATA` when it has another type or shape.
 */
export function readScores(output: TensorLike, rows: number, name: string): Scores {
  const classes = output.data.length / rows;
  const wide = output.dims.filter((dim) => dim !== 1).length;
  if (
    !(output.data instanceof Float32Array) ||
    !Number.isInteger(classes) ||
    classes < 2 ||
    wide > (rows === 1 ? 1 : 2)
  ) {
    throw new LutraError('INVALID_DATA', `output "${name}" is not the scores of a classifier`, {
      expected: `float32[${rows},classes]`,
      actual: `${output.type}[${output.dims}]`,
    });
  }
  return { rows, classes, values: output.data };
}

/** Index of the largest score of a row, the lowest among equals; −1 when a score is NaN. */
export function argmax(scores: Scores, row: number): number {
  const start = row * scores.classes;
  let best = 0;
  for (let k = 0; k < scores.classes; k++) {
    const value = scores.values[start + k]!;
    if (Number.isNaN(value)) return -1;
    if (value > scores.values[start + best]!) best = k;
  }
  return best;
}

/** The row as probabilities: itself when it already is a distribution, else its softmax. */
export function probabilities(scores: Scores, row: number): number[] {
  const values = [...scores.values.subarray(row * scores.classes, (row + 1) * scores.classes)];
  const sum = values.reduce((total, value) => total + value, 0);
  if (values.every((value) => value >= 0) && Math.abs(sum - 1) < 1e-3) return values;
  const top = Math.max(...values);
  const exps = values.map((value) => Math.exp(value - top));
  const total = exps.reduce((a, b) => a + b, 0);
  return exps.map((value) => value / total);
}
