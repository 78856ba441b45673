import type { Contender, EngineId } from './types.js';

/** Engines that all run in the same way. */
export function alike(engines: readonly EngineId[], { threads, wasm }: Omit<Contender, 'engine'>): Contender[] {
  return engines.map((engine) => ({ engine, threads, wasm }));
}

/**
 * Lutra's own ways to run: the default of the platform with one thread, the plain build, and more threads. They are sampled in the same
 * rounds. So they can be compared on a machine whose speed changes more than they differ.
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
