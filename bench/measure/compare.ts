import type { Tensors } from './types.js';

/** Infinity when an output is missing or of another size. Outputs that only one of the two has are not compared. */
export function distance(actual: Tensors, expected: Tensors): { readonly largest: number; readonly rms: number } {
  let largest = 0;
  let difference = 0;
  let squares = 0;
  let differences = 0;
  for (const [name, { data, type }] of Object.entries(expected)) {
    if (type !== 'float32') continue;
    const wanted = data as Float32Array;
    const got = Object.values(expected).length === 1 ? Object.values(actual)[0] : actual[name];
    if (got?.data.length !== wanted.length) return { largest: Number.POSITIVE_INFINITY, rms: Number.POSITIVE_INFINITY };
    wanted.forEach((value, i) => {
      const off = Math.abs(Number(got.data[i]) - value);
      largest = Math.max(largest, Math.abs(value));
      difference = Math.max(difference, off);
      squares += value * value;
      differences += off * off;
    });
  }
  return { largest: difference / largest, rms: Math.sqrt(differences / squares) };
}

/** How many values of two tensors differ. All differ if a tensor is missing or has another size or type. */
export function countDifferent(actual: Tensors[string] | undefined, { type, data: wanted }: Tensors[string]): number {
  const got = actual?.data;
  if (actual?.type !== type || got?.length !== wanted.length) return wanted.length;
  let different = 0;
  for (let i = 0; i < wanted.length; i++) if (got[i] !== wanted[i]) different++;
  return different;
}
