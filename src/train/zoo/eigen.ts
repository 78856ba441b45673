/** Sweeps until the largest off-diagonal element is rounding noise; ten suffice for matrices of this size. */
const MOST_SWEEPS = 30;

export interface Eigen {
  /** [n], descending. */
  readonly values: Float64Array;
  /** [n, n]: row i belongs to value i and has length 1. */
  readonly vectors: Float64Array;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix [n, n] by cyclic Jacobi rotations (Golub & Van Loan, Matrix Computations, §8.5).
 * Meant for n below 100.
 */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  const a = Float64Array.from(matrix);
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  const scale = Math.max(...a.map(Math.abs), Number.MIN_VALUE);
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let largest = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const off = a[p * n + q]!;
        largest = Math.max(largest, Math.abs(off));
        if (off === 0) continue;
        const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * off);
        const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        for (let k = 0; k < n; k++) rotate(a, k * n + p, k * n + q, c, s);
        for (let k = 0; k < n; k++) rotate(a, p * n + k, q * n + k, c, s);
        for (let k = 0; k < n; k++) rotate(v, p * n + k, q * n + k, c, s);
      }
    }
    if (largest <= 1e-14 * scale) break;
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j]! - a[i * n + i]!);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    vectors.set(v.subarray(from * n, (from + 1) * n), to * n);
  });
  return { values: Float64Array.from(order, (i) => a[i * n + i]!), vectors };
}

function rotate(x: Float64Array, i: number, j: number, c: number, s: number): void {
  const [xi, xj] = [x[i]!, x[j]!];
  x[i] = c * xi - s * xj;
  x[j] = s * xi + c * xj;
}
