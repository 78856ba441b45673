// Innermost products: 4 rows by 8 columns. `a` is packed [k][4], `b` is packed [k][8]; sums run over k in order, so results
// depend on neither tiling nor threads. Eight accumulators leave room for operands in x64's 15 usable registers: with 12
// the compiler spills in plain SIMD, and unrolling over k measured slower.

// @ts-ignore: decorator
@inline
export function multiplyAdd(a: v128, b: v128, sum: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, sum) : f32x4.add(sum, f32x4.mul(a, b));
}

/** sums[r][0..8) = Σ_k a[k][r] · b[k][0..8) for four rows; rows of `sums` are `stride` bytes apart. */
export function product4x8(a: usize, b: usize, depth: i32, sums: usize, stride: usize): void {
  let s00 = f32x4.splat(0);
  let s01 = s00;
  let s10 = s00;
  let s11 = s00;
  let s20 = s00;
  let s21 = s00;
  let s30 = s00;
  let s31 = s00;
  for (const end = b + ((<usize>depth) << 5); b < end; b += 32) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    s00 = multiplyAdd(a0, b0, s00);
    s01 = multiplyAdd(a0, b1, s01);
    const a1 = v128.load32_splat(a, 4);
    s10 = multiplyAdd(a1, b0, s10);
    s11 = multiplyAdd(a1, b1, s11);
    const a2 = v128.load32_splat(a, 8);
    s20 = multiplyAdd(a2, b0, s20);
    s21 = multiplyAdd(a2, b1, s21);
    const a3 = v128.load32_splat(a, 12);
    s30 = multiplyAdd(a3, b0, s30);
    s31 = multiplyAdd(a3, b1, s31);
    a += 16;
  }
  v128.store(sums, s00);
  v128.store(sums, s01, 16);
  v128.store(sums + stride, s10);
  v128.store(sums + stride, s11, 16);
  v128.store(sums + 2 * stride, s20);
  v128.store(sums + 2 * stride, s21, 16);
  v128.store(sums + 3 * stride, s30);
  v128.store(sums + 3 * stride, s31, 16);
}

/** As product4x8 for the first four of each eight columns. */
export function product4x4(a: usize, b: usize, depth: i32, sums: usize, stride: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (const end = b + ((<usize>depth) << 5); b < end; b += 32) {
    const b0 = v128.load(b);
    s0 = multiplyAdd(v128.load32_splat(a), b0, s0);
    s1 = multiplyAdd(v128.load32_splat(a, 4), b0, s1);
    s2 = multiplyAdd(v128.load32_splat(a, 8), b0, s2);
    s3 = multiplyAdd(v128.load32_splat(a, 12), b0, s3);
    a += 16;
  }
  v128.store(sums, s0);
  v128.store(sums + stride, s1);
  v128.store(sums + 2 * stride, s2);
  v128.store(sums + 3 * stride, s3);
}

/** One row by four neighboring panels of eight columns: `a` [k], `b` [4][k][8]. Four streams hide the latency of memory. */
export function product1x32(a: usize, b: usize, depth: i32, sums: usize): void {
  const panel = (<usize>depth) << 5;
  let b1 = b + panel;
  let b2 = b1 + panel;
  let b3 = b2 + panel;
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  for (const end = b + panel; b < end; b += 32) {
    const x = v128.load32_splat(a);
    s0 = multiplyAdd(x, v128.load(b), s0);
    s1 = multiplyAdd(x, v128.load(b, 16), s1);
    s2 = multiplyAdd(x, v128.load(b1), s2);
    s3 = multiplyAdd(x, v128.load(b1, 16), s3);
    s4 = multiplyAdd(x, v128.load(b2), s4);
    s5 = multiplyAdd(x, v128.load(b2, 16), s5);
    s6 = multiplyAdd(x, v128.load(b3), s6);
    s7 = multiplyAdd(x, v128.load(b3, 16), s7);
    a += 4;
    b1 += 32;
    b2 += 32;
    b3 += 32;
  }
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
  v128.store(sums, s2, 32);
  v128.store(sums, s3, 48);
  v128.store(sums, s4, 64);
  v128.store(sums, s5, 80);
  v128.store(sums, s6, 96);
  v128.store(sums, s7, 112);
}

/** One row by one panel of eight columns. */
export function product1x8(a: usize, b: usize, depth: i32, sums: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  for (const end = b + ((<usize>depth) << 5); b < end; b += 32) {
    const x = v128.load32_splat(a);
    s0 = multiplyAdd(x, v128.load(b), s0);
    s1 = multiplyAdd(x, v128.load(b, 16), s1);
    a += 4;
  }
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
}
