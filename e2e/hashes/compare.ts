import type { Collection } from './collect.js';
import type { Measurement } from './measure.js';

/** Network of integers only: nothing in it may depend on how floats are rounded. */
const INTEGERS = 'integers';
/** How far the relaxed build may be from the plain one, which rounds each product before it is added (docs/conformance.md). */
export const RELAXED_BOUNDS = { codes: 1e-3, outputs: 1e-2 };

export interface Mismatch {
  readonly place: string;
  readonly model: string;
  readonly wasm: string;
  readonly threads: number;
  readonly what: string;
}

export interface Comparison {
  /** Sessions that were compared. */
  readonly runs: number;
  readonly mismatches: readonly Mismatch[];
  /** Largest differences of the relaxed build from the plain one. */
  readonly relaxed: { readonly codes: number; readonly outputs: number };
}

/**
 * Every stage of a model has the same bytes wherever the same build runs: in every engine, isolated or not, on any number of threads.
 * Between the builds, integers are the same where their inputs are, and floats differ by roundings of fused products.
 */
export function compareHashes({ places }: Collection): Comparison {
  const mismatches: Mismatch[] = [];
  const relaxed = { codes: 0, outputs: 0 };
  /** The first measurement of a model by a build; of a network of integers, by any build. */
  const first = new Map<string, Measurement>();
  let runs = 0;
  for (const { name: place, measurements } of places) {
    for (const measurement of measurements) {
      runs++;
      const { model, wasm, threads, hashes, away } = measurement;
      const report = (what: string) => mismatches.push({ place, model, wasm, threads, what });
      const key = model === INTEGERS ? model : `${model} ${wasm}`;
      const expected = first.get(key)?.hashes;
      if (!expected) first.set(key, measurement);
      else {
        for (const kind of ['codes', 'sums', 'outputs'] as const) {
          if (hashes[kind] !== expected[kind]) report(`${kind} ${hashes[kind]} instead of ${expected[kind]}`);
        }
      }
      for (const kind of ['codes', 'outputs'] as const) {
        relaxed[kind] = Math.max(relaxed[kind], away[kind]);
        if (away[kind] > RELAXED_BOUNDS[kind]) report(`${kind} are ${away[kind]} away from those of plain SIMD`);
      }
    }
  }
  return { runs, mismatches, relaxed };
}
