/**
 * The one list of Wasm kernels. It drives code generation (assembly/gen/layout.ts holds the byte offset of every field),
 * planning (`emit` takes exactly the fields of a kernel), tests and benchmarks (test/support/kernel-cases.ts has a case of each).
 *
 * Every kernel is exported as `name(params: usize, begin: i32, end: i32, thread: i32): void`: it reads its parameter block at
 * `params` and processes tiles `begin <= t < end` of the step. Tiles are independent, so threads split them freely.
 * Fields are 4 bytes each: pointers and integers are i32, fields with the suffix `:f32` are floats.
 *
 * Names say what a kernel computes, then how, then in which layout, as far as several kernels differ in it:
 *
 *     what: the operator      how: Search, Tree, Shuffle, Read, ByTables      layout: Planes, Rows, InPlace, Gathered
 *     lookUp                  Shuffle                                         Planes
 *
 * A file of assembly/ bears the words that its kernels have in common (look-up-shuffle.ts), or else names what they share (window.ts).
 * Fields with which the kernels of several files begin are a block with constants: {@link BLOCKS} in shared.ts.
 */
import { DENSE_KERNELS } from './dense.js';
import { LOOKUP_KERNELS } from './lookup.js';

export const KERNELS = { ...LOOKUP_KERNELS, ...DENSE_KERNELS } as const satisfies Record<string, readonly string[]>;

export type KernelName = keyof typeof KERNELS & string;

type FieldName<Field extends string> = Field extends `${infer Name}:f32` ? Name : Field;

/** A value for each of these fields: a number, or in fields that are not floats also a `Pointer`. */
export type FieldValues<Fields extends readonly string[], Pointer> = {
  readonly [Field in Fields[number] as FieldName<Field>]: Field extends `${string}:f32` ? number : number | Pointer;
};
