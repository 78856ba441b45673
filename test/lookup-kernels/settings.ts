import fc from 'fast-check';
import type { Activation } from '../../src/graph/types.js';
import type { KernelBuilds } from './kernel-builds.js';

// What the kernels are tried with. Sizes are odd on purpose.
export const centroidCounts = fc.constantFrom(2, 3, 8, 16, 32, 50, 64);
export const pads = fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2));
export const strides = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }));
export const activation: fc.Arbitrary<Activation | undefined> = fc.constantFrom<(Activation | undefined)[]>(
  undefined,
  { kind: 'Relu' },
  { kind: 'LeakyRelu', alpha: 0.25 },
  { kind: 'Clip', min: -0.5, max: 2 },
);
export const encoder = fc.record({
  K: centroidCounts,
  codebooks: fc.integer({ min: 1, max: 4 }),
  depth: fc.integer({ min: 1, max: 6 }),
  kernel: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
  strides,
  pads,
  scale: fc.constantFrom(0.125, 0.1, 0.033),
  zero: fc.constantFrom(0, 1, 64, 127),
  tree: fc.boolean(),
  ties: fc.boolean(),
});
export const machine = ({ names }: KernelBuilds) =>
  fc.record({
    seed: fc.integer(),
    threads: fc.integer({ min: 1, max: 3 }),
    build: fc.constantFrom(...names),
  });
export const map = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  height: fc.integer({ min: 4, max: 19 }),
  width: fc.integer({ min: 4, max: 23 }),
});

/**
 * What holds for any settings: throws with the smallest counterexample.
 *
 * @param runs settings that are tried
 * @returns the kernels that ran, each once, sorted
 */
export type Property = (builds: KernelBuilds, runs: number) => readonly string[];
