import { LutraError } from '../errors.js';

/** Rows that begin `stride` numbers apart. */
export interface Matrix {
  readonly data: Float64Array;
  readonly stride: number;
}

/** From `begin` up to, but not including, `end`. */
type Range = readonly [begin: number, end: number];

/**
 * `c[i, j] -= Σ_k a[i, k] · b[j, k]` for i in `rows`, j in `columns`, k in [0, depth): both factors are read along rows.
 * Tiles of 4 × 2 results use each loaded value several times.
 */
export function subtractProduct(
  target: Matrix,
  left: Matrix,
  right: Matrix,
  rows: Range,
  columns: Range,
  depth: number,
) {
  const { data: c, stride: cStride } = target;
  const { data: a, stride: aStride } = left;
  const { data: b, stride: bStride } = right;
  const [rowBegin, rowEnd] = rows;
  const [columnBegin, columnEnd] = columns;
  let i = rowBegin;
  for (; i + 4 <= rowEnd; i += 4) {
    let j = columnBegin;
    for (; j + 2 <= columnEnd; j += 2) {
      let a0 = i * aStride;
      let a1 = a0 + aStride;
      let a2 = a1 + aStride;
      let a3 = a2 + aStride;
      let b0 = j * bStride;
      let b1 = b0 + bStride;
      let s00 = 0;
      let s01 = 0;
      let s10 = 0;
      let s11 = 0;
      let s20 = 0;
      let s21 = 0;
      let s30 = 0;
      let s31 = 0;
      for (let k = 0; k < depth; k++) {
        const y0 = b[b0++]!;
        const y1 = b[b1++]!;
        const x0 = a[a0++]!;
        s00 += x0 * y0;
        s01 += x0 * y1;
        const x1 = a[a1++]!;
        s10 += x1 * y0;
        s11 += x1 * y1;
        const x2 = a[a2++]!;
        s20 += x2 * y0;
        s21 += x2 * y1;
        const x3 = a[a3++]!;
        s30 += x3 * y0;
        s31 += x3 * y1;
      }
      let out = i * cStride + j;
      c[out]! -= s00;
      c[out + 1]! -= s01;
      out += cStride;
      c[out]! -= s10;
      c[out + 1]! -= s11;
      out += cStride;
      c[out]! -= s20;
      c[out + 1]! -= s21;
      out += cStride;
      c[out]! -= s30;
      c[out + 1]! -= s31;
    }
    if (j < columnEnd) subtractDots(target, left, right, [i, i + 4], [j, columnEnd], depth);
  }
  subtractDots(target, left, right, [i, rowEnd], columns, depth);
}

/** The same, one result at a time. */
function subtractDots(c: Matrix, a: Matrix, b: Matrix, rows: Range, columns: Range, depth: number): void {
  for (let i = rows[0]; i < rows[1]; i++) {
    for (let j = columns[0]; j < columns[1]; j++) {
      let sum = 0;
      for (let k = 0; k < depth; k++) sum += a.data[i * a.stride + k]! * b.data[j * b.stride + k]!;
      c.data[i * c.stride + j]! -= sum;
    }
  }
}

/** Columns per panel of the blocked factorization. */
const PANEL = 48;

/**
 * Cholesky factorization in place: the lower triangle of `a` becomes L with L·Lᵀ = a; the upper triangle is left as it was.
 * @param a [size, size] symmetric positive definite; only the lower triangle is read
 * @throws LutraError `INTERNAL` when a pivot is not positive
 */
export function choleskyInPlace(a: Float64Array, size: number): void {
  const whole = { data: a, stride: size };
  for (let start = 0; start < size; start += PANEL) {
    const end = Math.min(start + PANEL, size);
    subtractProduct(whole, whole, whole, [start, size], [start, end], start);
    for (let j = start; j < end; j++) {
      const row = j * size;
      let pivot = a[row + j]!;
      for (let k = start; k < j; k++) pivot -= a[row + k]! ** 2;
      if (!(pivot > 0)) throw new LutraError('INTERNAL', `matrix is not positive definite at row ${j} of ${size}`);
      const root = Math.sqrt(pivot);
      a[row + j] = root;
      const inverse = 1 / root;
      for (let i = j + 1; i < size; i++) {
        const other = i * size;
        let sum = a[other + j]!;
        for (let k = start; k < j; k++) sum -= a[other + k]! * a[row + k]!;
        a[other + j] = sum * inverse;
      }
    }
  }
}

/**
 * Solves L·Lᵀ·X = B in place for many right-hand sides.
 * @param factor [size, size] with L in the lower triangle, as left by {@link choleskyInPlace}; the upper triangle is overwritten with Lᵀ
 * @param b [columns, size], one right-hand side per row; replaced by Xᵀ
 */
export function choleskySolve(factor: Float64Array, size: number, b: Float64Array, columns: number): void {
  const view = (data: Float64Array, first = 0): Matrix => ({ data: data.subarray(first), stride: size });
  const right = view(b);
  for (let start = 0; start < size; start += PANEL) {
    const end = Math.min(start + PANEL, size);
    subtractProduct(right, right, view(factor), [0, columns], [start, end], start);
    for (let o = 0; o < columns; o++) {
      const row = o * size;
      for (let j = start; j < end; j++) {
        let sum = b[row + j]!;
        for (let k = start; k < j; k++) sum -= factor[j * size + k]! * b[row + k]!;
        b[row + j] = sum / factor[j * size + j]!;
      }
    }
  }
  for (let i = 1; i < size; i++) for (let j = 0; j < i; j++) factor[j * size + i] = factor[i * size + j]!;
  for (let start = Math.floor((size - 1) / PANEL) * PANEL; start >= 0; start -= PANEL) {
    const end = Math.min(start + PANEL, size);
    // Both factors start at column `end`: views keep the strides and shift the origin.
    subtractProduct(right, view(b, end), view(factor, end), [0, columns], [start, end], size - end);
    for (let o = 0; o < columns; o++) {
      const row = o * size;
      for (let j = end - 1; j >= start; j--) {
        let sum = b[row + j]!;
        for (let k = j + 1; k < end; k++) sum -= factor[j * size + k]! * b[row + k]!;
        b[row + j] = sum / factor[j * size + j]!;
      }
    }
  }
}
