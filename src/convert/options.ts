import type { ConvertOptions } from './types.js';

/** Whether the first convolution is computed in integers. */
export function integerStem({ stem, optimize }: ConvertOptions): boolean {
  return (stem ?? (optimize === 'speed' ? 'integer' : 'float')) === 'integer';
}
