/**
 * The one list of Wasm kernels. It drives code generation (assembly/gen/layout.ts holds the byte offset of every field),
 * planning, tests and benchmarks.
 *
 * Every kernel is exported as `name(params: usize, begin: i32, end: i32, thread: i32): void`: it reads its parameter block at
 * `params` and processes tiles `begin <= t < end` of the step. Tiles are independent, so threads split them freely.
 * Fields are 4 bytes each: pointers and integers are i32, fields with the suffix `:f32` are floats.
 */
import { DENSE_KERNELS } from './dense.js';
import { LOOKUP_KERNELS } from './lookup.js';

export const KERNELS = { ...LOOKUP_KERNELS, ...DENSE_KERNELS } as const satisfies Record<string, readonly string[]>;

export type KernelName = keyof typeof KERNELS & string;
