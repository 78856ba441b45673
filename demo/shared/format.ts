/** "312 KB", "1.9 MB": decimal units, as download sizes are usually given. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 999_500) return `${bytes < 9_950 ? (bytes / 1000).toFixed(1) : Math.round(bytes / 1000)} KB`;
  return `${(bytes / 1e6).toFixed(bytes < 9.95e6 ? 2 : 1)} MB`;
}

/** Milliseconds with three significant digits: "0.421 ms", "12.3 ms". */
export function formatMilliseconds(milliseconds: number): string {
  if (milliseconds >= 100) return `${Math.round(milliseconds)} ms`;
  return `${milliseconds.toFixed(milliseconds >= 10 ? 1 : milliseconds >= 1 ? 2 : 3)} ms`;
}

/** "97.3 %"; never rounds a probability below 1 up to "100 %". */
export function formatPercent(probability: number): string {
  const tenths = Math.floor(probability * 1000) / 10;
  return `${probability >= 1 ? '100' : tenths.toFixed(1)} %`;
}

/** "1 layer", "3 layers". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** The middle value; the mean of the middle two of an even count. NaN when there are none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
