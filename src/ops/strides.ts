/**
 * One way to say where elements are: the offset of element (i0, i1, …) is `tables[0][i0] + tables[1][i1] + …`. Transposes,
 * slices, broadcasts, tiles, pads, gathers and nearest-neighbor resizes differ only in their tables.
 */
import { LutraError } from '../errors.js';
import { elementCount } from '../graph/tensor.js';
import type { Node } from '../graph/types.js';
import type { Elements } from './define.js';
import { check } from './define.js';

/** Longest table: shapes are inferred through tables, and a file may declare any size. */
const LONGEST = 2 ** 26;

/** @throws LutraError `OUT_OF_MEMORY` */
export function checkLength(count: number): void {
  if (count > LONGEST) {
    throw new LutraError('OUT_OF_MEMORY', 'an axis is too long', {
      expected: `at most ${LONGEST}`,
      actual: `${count}`,
    });
  }
}

/** Row-major strides in elements. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length);
  for (let d = dims.length - 1, stride = 1; d >= 0; d--) {
    strides[d] = stride;
    stride *= dims[d]!;
  }
  return strides;
}

/** A table whose length is known before it is made: shapes are inferred from lengths alone. */
export interface Table {
  readonly length: number;
  build(): ArrayLike<number>;
}

/** {@link range}, made when it is needed. */
export function span(count: number, step: number, start = 0): Table {
  return { length: count, build: () => range(count, step, start) };
}

/** `count` offsets: start, start + step, … */
export function range(count: number, step: number, start = 0): Int32Array {
  checkLength(count);
  const table = new Int32Array(count);
  for (let i = 0; i < count; i++) table[i] = start + i * step;
  return table;
}

/** Offsets of all elements in row-major order: the outer sum of the tables. */
export function offsets(tables: readonly ArrayLike<number>[]): Int32Array {
  checkLength(elementCount(tables.map(({ length }) => length)));
  let result = new Int32Array(1);
  for (const table of tables) {
    const size = table.length;
    const next = new Int32Array(result.length * size);
    for (let i = 0; i < result.length; i++) {
      const base = result[i]!;
      for (let j = 0; j < size; j++) next[i * size + j] = base + table[j]!;
    }
    result = next;
  }
  return result;
}

/** Offsets of the elements at the given axes of a tensor, the other axes at 0. */
export function axisOffsets(dims: readonly number[], axes: readonly number[]): Int32Array {
  const strides = stridesOf(dims);
  return offsets(axes.map((axis) => range(dims[axis]!, strides[axis]!)));
}

/** `to[i] = from[at[i]]` for every output element. */
export function gather(from: Elements, at: Int32Array, to: Elements): void {
  for (let i = 0; i < at.length; i++) to[i] = from[at[i]!]!;
}

/** Common shape of tensors under ONNX's multidirectional broadcasting. */
export function broadcastDims(node: Node, shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((dims) => dims.length));
  return Array.from({ length: rank }, (_, d) => {
    let size = 1;
    for (const dims of shapes) {
      const dim = dims[d - rank + dims.length] ?? 1;
      if (dim === 1) continue;
      check(node, size === 1 || size === dim, 'shapes do not broadcast', `size ${size} or 1 at axis ${d}`, `[${dims}]`);
      size = dim;
    }
    return size;
  });
}

/** For every element of `to` the offset of the element of `from` that broadcasting puts there; undefined when equal shapes. */
export function broadcastOffsets(from: readonly number[], to: readonly number[]): Int32Array | undefined {
  const lead = to.length - from.length;
  if (lead === 0 && from.every((dim, d) => dim === to[d])) return undefined;
  const strides = stridesOf(from);
  return offsets(to.map((size, d) => range(size, (from[d - lead] ?? 1) === 1 ? 0 : strides[d - lead]!)));
}
