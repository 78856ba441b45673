import type { ConvertOptions } from './types.js';

/** Whether the family of integers replaces first convolutions that are not selected. */
export function integerStem({ stem, optimize }: ConvertOptions): boolean {
  return (stem ?? (optimize === 'speed' ? 'integer' : 'float')) === 'integer';
}
