// Dense linear algebra in float32. Matrices are row-major; every row starts `stride` values after the one before.

/** Products are added in pieces of this many values, so that the rows of a panel stay in the cache. A multiple of 4. */
const DEPTH: i32 = 512;

// @ts-ignore: decorator
@inline
function sumLanes(x: v128): f32 {
  const pairs = f32x4.add(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

// @ts-ignore: decorator
@inline
function subtractAt(c: usize, sum: f32): void {
  store<f32>(c, load<f32>(c) - sum);
}

function subtractDot(c: usize, a: usize, b: usize, depth: i32): void {
  let sum: f32 = 0;
  for (let k: usize = 0; k < (<usize>depth) << 2; k += 4) sum += load<f32>(a + k) * load<f32>(b + k);
  subtractAt(c, sum);
}

/**
 * `c[i, j] -= Σ_k a[i, k] · b[j, k]`, i < m, j < n, k < depth: both factors are read along rows, four values of k in the lanes.
 * Tiles of 4 × 2 results keep eight sums in registers:
 *
 *          b0   b1
 *     a0  s00  s01
 *     a1  s10  s11      each loaded vector serves two or four products
 *     a2  s20  s21
 *     a3  s30  s31
 */
export function subtractProduct(
  c: usize,
  cStride: i32,
  a: usize,
  aStride: i32,
  b: usize,
  bStride: i32,
  m: i32,
  n: i32,
  depth: i32,
): void {
  const cStep = (<usize>cStride) << 2;
  const aStep = (<usize>aStride) << 2;
  const bStep = (<usize>bStride) << 2;
  for (let start = 0; start < depth; start += DEPTH) {
    const length = min(DEPTH, depth - start);
    const offset = (<usize>start) << 2;
    const vectors = (<usize>(length & ~3)) << 2;
    const tail = length & 3;
    let i = 0;
    for (; i + 4 <= m; i += 4) {
      const a0 = a + <usize>i * aStep + offset;
      const a1 = a0 + aStep;
      const a2 = a1 + aStep;
      const a3 = a2 + aStep;
      let j = 0;
      for (; j + 2 <= n; j += 2) {
        const b0 = b + <usize>j * bStep + offset;
        const b1 = b0 + bStep;
        let s00 = f32x4.splat(0);
        let s01 = s00;
        let s10 = s00;
        let s11 = s00;
        let s20 = s00;
        let s21 = s00;
        let s30 = s00;
        let s31 = s00;
        for (let k: usize = 0; k < vectors; k += 16) {
          const y0 = v128.load(b0 + k);
          const y1 = v128.load(b1 + k);
          let x = v128.load(a0 + k);
          s00 = f32x4.add(s00, f32x4.mul(x, y0));
          s01 = f32x4.add(s01, f32x4.mul(x, y1));
          x = v128.load(a1 + k);
          s10 = f32x4.add(s10, f32x4.mul(x, y0));
          s11 = f32x4.add(s11, f32x4.mul(x, y1));
          x = v128.load(a2 + k);
          s20 = f32x4.add(s20, f32x4.mul(x, y0));
          s21 = f32x4.add(s21, f32x4.mul(x, y1));
          x = v128.load(a3 + k);
          s30 = f32x4.add(s30, f32x4.mul(x, y0));
          s31 = f32x4.add(s31, f32x4.mul(x, y1));
        }
        let to = c + <usize>i * cStep + ((<usize>j) << 2);
        subtractAt(to, sumLanes(s00));
        subtractAt(to + 4, sumLanes(s01));
        to += cStep;
        subtractAt(to, sumLanes(s10));
        subtractAt(to + 4, sumLanes(s11));
        to += cStep;
        subtractAt(to, sumLanes(s20));
        subtractAt(to + 4, sumLanes(s21));
        to += cStep;
        subtractAt(to, sumLanes(s30));
        subtractAt(to + 4, sumLanes(s31));
        if (tail) {
          for (let row: usize = 0; row < 4; row++) {
            const corner = c + (<usize>i + row) * cStep + ((<usize>j) << 2);
            subtractDot(corner, a0 + row * aStep + vectors, b0 + vectors, tail);
            subtractDot(corner + 4, a0 + row * aStep + vectors, b1 + vectors, tail);
          }
        }
      }
      for (; j < n; j++) {
        for (let row: usize = 0; row < 4; row++) {
          const to = c + (<usize>i + row) * cStep + ((<usize>j) << 2);
          subtractDot(to, a0 + row * aStep, b + <usize>j * bStep + offset, length);
        }
      }
    }
    for (; i < m; i++) {
      for (let j = 0; j < n; j++) {
        const to = c + <usize>i * cStep + ((<usize>j) << 2);
        subtractDot(to, a + <usize>i * aStep + offset, b + <usize>j * bStep + offset, length);
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function cell(matrix: usize, stride: i32, row: i32, column: i32): usize {
  return matrix + ((<usize>row * <usize>stride + <usize>column) << 2);
}

/**
 * Columns [start, end) of a Cholesky factorization in place: the lower triangle of `a` [size, size] becomes L with L·Lᵀ = a when the
 * panels are taken in order. A pivot below `floor` is raised to it, which acts as a larger ridge there.
 */
export function factorPanel(a: usize, size: i32, start: i32, end: i32, floor: f32): void {
  subtractProduct(cell(a, size, start, start), size, cell(a, size, start, 0), size, cell(a, size, start, 0), size, size - start, end - start, start);
  for (let j = start; j < end; j++) {
    const row = cell(a, size, j, start);
    const inner = j - start;
    for (let i = j; i < size; i++) subtractDot(cell(a, size, i, j), cell(a, size, i, start), row, inner);
    const root = sqrt<f32>(max<f32>(load<f32>(cell(a, size, j, j)), floor));
    store<f32>(cell(a, size, j, j), root);
    const inverse = <f32>1 / root;
    for (let i = j + 1; i < size; i++) store<f32>(cell(a, size, i, j), load<f32>(cell(a, size, i, j)) * inverse);
  }
}

/** Copies the lower triangle of `a` [size, size] to the upper one. */
export function mirrorLower(a: usize, size: i32): void {
  for (let i = 1; i < size; i++) {
    for (let j = 0; j < i; j++) store<f32>(cell(a, size, j, i), load<f32>(cell(a, size, i, j)));
  }
}

/** Columns [start, end) of X in L·X = B for the rows of `b` [columns, size], in place; panels in rising order. */
export function solveLowerPanel(factor: usize, size: i32, b: usize, columns: i32, start: i32, end: i32): void {
  subtractProduct(cell(b, size, 0, start), size, b, size, cell(factor, size, start, 0), size, columns, end - start, start);
  for (let o = 0; o < columns; o++) {
    for (let j = start; j < end; j++) {
      const at = cell(b, size, o, j);
      subtractDot(at, cell(b, size, o, start), cell(factor, size, j, start), j - start);
      store<f32>(at, load<f32>(at) / load<f32>(cell(factor, size, j, j)));
    }
  }
}

/** The same for Lᵀ·X = B, with Lᵀ in the upper triangle of `factor`; panels in falling order. */
export function solveUpperPanel(factor: usize, size: i32, b: usize, columns: i32, start: i32, end: i32): void {
  subtractProduct(cell(b, size, 0, start), size, cell(b, size, 0, end), size, cell(factor, size, start, end), size, columns, end - start, size - end);
  for (let o = 0; o < columns; o++) {
    for (let j = end - 1; j >= start; j--) {
      const at = cell(b, size, o, j);
      subtractDot(at, cell(b, size, o, j + 1), cell(factor, size, j, j + 1), end - 1 - j);
      store<f32>(at, load<f32>(at) / load<f32>(cell(factor, size, j, j)));
    }
  }
}
