import type { Frontier } from './segment.js';
import type { AgreementReport } from './types.js';

/** Index of the largest value of a row; the lowest among equals. */
function argmax(data: Float32Array, from: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (data[from + i]! > data[from + best]!) best = i;
  return best;
}

/** Highest class of every example, or undefined when the value is not float32 [N, classes]. */
function answers(frontier: Frontier, output: string): number[] | undefined {
  const classes: number[] = [];
  for (const live of frontier.batches) {
    const value = live.get(output);
    if (value?.type !== 'float32' || value.dims.length !== 2 || value.dims[1]! < 2) return undefined;
    const [rows, columns] = value.dims as [number, number];
    for (let i = 0; i < rows; i++) classes.push(argmax(value.data as Float32Array, i * columns, columns));
  }
  return classes;
}

/**
 * Compares the answers of both networks from example `first` on.
 * @returns undefined when the output does not hold classes
 */
export function compareOutputs(
  dense: Frontier,
  converted: Frontier,
  output: string,
  first: number,
  labels: ArrayLike<number> | undefined,
): AgreementReport | undefined {
  const before = answers(dense, output);
  const after = answers(converted, output);
  if (!before || !after) return undefined;
  const examples = before.length - first;
  const percentage = (test: (i: number) => boolean) => {
    let count = 0;
    for (let i = first; i < before.length; i++) if (test(i)) count++;
    return (100 * count) / examples;
  };
  return {
    examples,
    agreement: percentage((i) => before[i] === after[i]),
    ...(labels && {
      denseAccuracy: percentage((i) => before[i] === labels[i]),
      convertedAccuracy: percentage((i) => after[i] === labels[i]),
    }),
  };
}
