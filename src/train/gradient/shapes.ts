import type { Emitter } from '../types.js';

/** ONNX's numbers of the float element types. */
const FLOAT32 = 1;
const FLOAT64 = 11;

/** 0, 1, …, count − 1. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

export function sameDims(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** `x` with this shape; itself where it has it already. */
export function reshape(emitter: Emitter, x: string, dims: readonly number[]): string {
  return sameDims(emitter.type(x).dims, dims) ? x : emitter.node('Reshape', [x, emitter.ints(dims)]);
}

/** `x` with axes in this order; itself where that changes nothing. */
export function transpose(emitter: Emitter, x: string, perm: readonly number[]): string {
  if (perm.every((axis, i) => axis === i)) return x;
  return emitter.node('Transpose', [x], { perm });
}

/** Sum over axes; `x` itself where they are none. */
export function sumOver(emitter: Emitter, x: string, axes: readonly number[], keepdims: 0 | 1 = 0): string {
  return axes.length ? emitter.node('ReduceSum', [x, emitter.ints(axes)], { keepdims }) : x;
}

/** Sums a gradient over the axes along which an input of shape `dims` was broadcast. */
export function reduceTo(emitter: Emitter, gradient: string, dims: readonly number[]): string {
  const from = emitter.type(gradient).dims;
  if (sameDims(from, dims)) return gradient;
  const added = from.length - dims.length;
  const axes = range(from.length).filter((axis) => axis < added || (dims[axis - added] === 1 && from[axis] !== 1));
  return reshape(emitter, sumOver(emitter, gradient, axes), dims);
}

/** `x` as numbers of the float type of `like`. */
export function castLike(emitter: Emitter, x: string, like: string): string {
  return emitter.node('Cast', [x], { to: emitter.type(like).type === 'float64' ? FLOAT64 : FLOAT32 });
}

/** Zeros of the type of `like`. */
export function zeros(emitter: Emitter, like: string, dims: readonly number[]): string {
  return expandTo(emitter, emitter.scalar(0, like), dims);
}

/** [.., a, b] → [.., b, a] */
export function swapLast(emitter: Emitter, x: string): string {
  const rank = emitter.type(x).dims.length;
  return transpose(emitter, x, [...range(rank - 2), rank - 1, rank - 2]);
}

/** A gradient of shape [.., 1, ..] spread over `dims`. */
export function expandTo(emitter: Emitter, gradient: string, dims: readonly number[]): string {
  if (sameDims(emitter.type(gradient).dims, dims)) return gradient;
  return emitter.node('Expand', [gradient, emitter.ints(dims)]);
}

/** x · factor, where the factor 1 costs nothing. */
export function scale(emitter: Emitter, x: string, factor: number): string {
  return factor === 1 ? x : emitter.node('Mul', [x, emitter.scalar(factor, x)]);
}

/** x · y, where a constant scalar 1 costs nothing. */
export function multiply(emitter: Emitter, x: string, y: string): string {
  const one = (name: string) => {
    const value = emitter.value(name);
    return value?.dims.length === 0 && value.data[0] === 1;
  };
  if (one(y)) return x;
  if (one(x)) return y;
  return emitter.node('Mul', [x, y]);
}

/** A scalar, or a vector over axis 1, as [1, C, 1, ..] so that it broadcasts over a tensor of this rank. */
export function perChannel(emitter: Emitter, vector: string, rank: number): string {
  const ones = range(rank).fill(1);
  return reshape(emitter, vector, ones.with(1, emitter.type(vector).dims[0] ?? 1));
}

/** An axis counted from the front. */
export function positive(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
