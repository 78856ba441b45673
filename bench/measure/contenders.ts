import type { Contender, EngineId } from './types.js';

/** Engines that all run in the same way. */
export function alike(engines: readonly EngineId[], { threads, wasm }: Omit<Contender, 'engine'>): Contender[] {
  return engines.map((engine) => ({ engine, threads, wasm }));
}

/**
 * Lutra's own ways to run: what a platform gets by default with one thread, and against it the plain build and more threads. Sampled
 * in the same rounds, they can be compared on a machine whose speed changes from one run to the next by more than they differ.
 *
 * @param threads of the last
 * @param relaxed whether the platform has relaxed SIMD: by default it is plain otherwise
 */
export function variants(engines: readonly EngineId[], threads: number, relaxed: boolean): Contender[] {
  return engines.flatMap((engine): Contender[] => [
    { engine, threads: 1, wasm: 'auto' },
    ...(relaxed ? [{ engine, threads: 1, wasm: 'simd' } as const] : []),
    { engine, threads, wasm: 'auto' },
  ]);
}
