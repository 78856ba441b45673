import { allocate } from '../../src/graph/tensor.js';
import type { Attribute, DataType, TensorValue } from '../../src/graph/types.js';
import { encodeHalf } from '../../src/ops/half.js';
import { generator } from '../random-graph.js';

export type Attributes = Record<string, Attribute>;

/** Random choices of one case. */
export class Draw {
  readonly random: () => number;

  constructor(
    seed: number,
    readonly opset: number,
  ) {
    this.random = generator(seed);
  }

  int(low: number, high: number): number {
    return low + Math.floor(this.random() * (high - low + 1));
  }
  chance(probability = 0.5): boolean {
    return this.random() < probability;
  }
  pick<T>(items: readonly T[]): T {
    return items[this.int(0, items.length - 1)]!;
  }
  list<T>(count: number, item: (index: number) => T): T[] {
    return Array.from({ length: count }, (_, index) => item(index));
  }
  dims(least = 0, most = 4, largest = 5): number[] {
    return this.list(this.int(least, most), () => this.int(1, largest));
  }
  /** Multiples of 1/16, so that sums of products are exact; integers for integer types. */
  tensor(type: DataType, dims: readonly number[], low = -4, high = 4): TensorValue {
    const value = allocate(type, dims);
    const unsigned = type.startsWith('u');
    const numbers = Float64Array.from({ length: value.data.length }, () => {
      if (type === 'bool') return this.int(0, 1);
      if (type.startsWith('float')) return this.int(low * 16, high * 16) / 16;
      return this.int(unsigned ? Math.max(0, low) : low, high);
    });
    if (type === 'float16') encodeHalf(numbers, value.data as Uint16Array);
    else for (const [i, x] of numbers.entries()) value.data[i] = type.endsWith('int64') ? BigInt(x) : x;
    return value;
  }
  floats(dims: readonly number[], low = -4, high = 4): TensorValue {
    return this.tensor('float32', dims, low, high);
  }
  /** A permutation of 0..count−1. */
  order(count: number): number[] {
    const items = this.list(count, (i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.int(0, i);
      [items[i], items[j]] = [items[j]!, items[i]!];
    }
    return items;
  }
  /** Shapes that broadcast with `dims`, often smaller. */
  broadcastable(dims: readonly number[]): number[] {
    return dims.slice(this.int(0, dims.length)).map((dim) => (this.chance(0.3) ? 1 : dim));
  }
  /** An axis, counted from either side where the version allows it. */
  axis(rank: number, negativeSince = 11): number {
    const axis = this.int(0, rank - 1);
    return this.opset >= negativeSince && this.chance() ? axis - rank : axis;
  }
}

export function int64(...values: readonly number[]): TensorValue {
  return { type: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) };
}

export interface Parts {
  readonly inputs: readonly (TensorValue | undefined)[];
  readonly attributes?: Attributes;
  /** Inputs that must be constants. */
  readonly constant?: readonly number[];
  readonly outputs?: number;
}
export type Make = (draw: Draw) => Parts | undefined;

export const NUMBERS: readonly DataType[] = [
  'float32',
  'float32',
  'float64',
  'int32',
  'int64',
  'int8',
  'uint8',
  'float16',
];
export const FLOATS: readonly DataType[] = ['float32', 'float32', 'float64', 'float16'];
export const MOVED: readonly DataType[] = [...NUMBERS, 'bool', 'uint16', 'uint32'];

/** Axes as an attribute or, from version `since` on, as an input. */
export function withAxes(
  draw: Draw,
  x: TensorValue,
  axes: readonly number[] | undefined,
  since: number,
  attributes: Attributes,
): Parts {
  if (!axes) return { inputs: [x], attributes };
  if (draw.opset < since) return { inputs: [x], attributes: { ...attributes, axes } };
  return { inputs: [x, int64(...axes)], attributes, constant: [1] };
}
