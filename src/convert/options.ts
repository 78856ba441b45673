import type { ConvertOptions } from './types.js';

/** Whether the family of integers replaces first convolutions that are not selected. */
export function integerStem({ stem, optimize }: ConvertOptions): boolean {
  return (stem ?? (optimize === 'speed' ? 'integer' : 'float')) === 'integer';
}

/** Whether what becomes of all layers is planned together. */
export function isPlanned({ maxDrop, speedup }: ConvertOptions): boolean {
  return maxDrop !== undefined || speedup !== undefined;
}
