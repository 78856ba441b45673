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
  const isFlat = output.dims.filter((dim) => dim !== 1).length <= (rows === 1 ? 1 : 2);
  if (!(output.data instanceof Float32Array && Number.isInteger(classes) && classes >= 2 && isFlat)) {
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
