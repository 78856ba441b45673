// Functions of 16 neighboring values in place. Their constants come from memory (`k`: src/kernels/coefficients.ts), since
// V8 would build a vector constant anew at each use. All use plain multiplications and additions, so that every build gives the same
// bits.
import * as constants from '../gen/constants';

// @ts-ignore: decorator
@inline
function fuse(x: v128, factor: v128, term: v128): v128 {
  return f32x4.add(f32x4.mul(x, factor), term);
}

// @ts-ignore: decorator
@inline
function power(x: v128, n: v128, bias: v128): v128 {
  const half = i32x4.shr_s(n, 1);
  const rest = i32x4.sub(n, half);
  return f32x4.mul(
    f32x4.mul(x, i32x4.shl(i32x4.add(half, bias), 23)),
    i32x4.shl(i32x4.add(rest, bias), 23),
  );
}

/**
 * e^x: x = n·ln 2 + r with ln 2 in two parts (Cody & Waite), then a polynomial in |r| <= ln 2 / 2 (Cephes expf), then two powers of
 * two, so that results overflow to infinity and underflow gradually. Relative error below 2.5e-7 where the result is normal.
 * Adding 1.5·2^23 leaves n, rounded, in the low bits.
 */
export function exp16(at: usize, k: usize): void {
  let c = v128.load32_splat(k, constants.COEFFICIENT_EXP_MAX);
  let d = v128.load32_splat(k, constants.COEFFICIENT_EXP_MIN);
  let r0 = f32x4.pmax(f32x4.pmin(v128.load(at), c), d);
  let r1 = f32x4.pmax(f32x4.pmin(v128.load(at, 16), c), d);
  let r2 = f32x4.pmax(f32x4.pmin(v128.load(at, 32), c), d);
  let r3 = f32x4.pmax(f32x4.pmin(v128.load(at, 48), c), d);
  c = v128.load32_splat(k, constants.COEFFICIENT_LOG2E);
  d = v128.load32_splat(k, constants.COEFFICIENT_ROUNDING_MAGIC);
  let n0 = fuse(r0, c, d);
  let n1 = fuse(r1, c, d);
  let n2 = fuse(r2, c, d);
  let n3 = fuse(r3, c, d);
  c = v128.load32_splat(k, constants.COEFFICIENT_MINUS_LN2_HIGH);
  r0 = fuse(f32x4.sub(n0, d), c, r0);
  r1 = fuse(f32x4.sub(n1, d), c, r1);
  r2 = fuse(f32x4.sub(n2, d), c, r2);
  r3 = fuse(f32x4.sub(n3, d), c, r3);
  c = v128.load32_splat(k, constants.COEFFICIENT_MINUS_LN2_LOW);
  r0 = fuse(f32x4.sub(n0, d), c, r0);
  r1 = fuse(f32x4.sub(n1, d), c, r1);
  r2 = fuse(f32x4.sub(n2, d), c, r2);
  r3 = fuse(f32x4.sub(n3, d), c, r3);
  n0 = i32x4.sub(n0, d);
  n1 = i32x4.sub(n1, d);
  n2 = i32x4.sub(n2, d);
  n3 = i32x4.sub(n3, d);
  c = v128.load32_splat(k, constants.COEFFICIENT_EXP7);
  d = v128.load32_splat(k, constants.COEFFICIENT_EXP6);
  let s0 = fuse(r0, c, d);
  let s1 = fuse(r1, c, d);
  let s2 = fuse(r2, c, d);
  let s3 = fuse(r3, c, d);
  c = v128.load32_splat(k, constants.COEFFICIENT_EXP5);
  s0 = fuse(r0, s0, c);
  s1 = fuse(r1, s1, c);
  s2 = fuse(r2, s2, c);
  s3 = fuse(r3, s3, c);
  c = v128.load32_splat(k, constants.COEFFICIENT_EXP4);
  s0 = fuse(r0, s0, c);
  s1 = fuse(r1, s1, c);
  s2 = fuse(r2, s2, c);
  s3 = fuse(r3, s3, c);
  c = v128.load32_splat(k, constants.COEFFICIENT_EXP3);
  s0 = fuse(r0, s0, c);
  s1 = fuse(r1, s1, c);
  s2 = fuse(r2, s2, c);
  s3 = fuse(r3, s3, c);
  c = v128.load32_splat(k, constants.COEFFICIENT_EXP2);
  s0 = fuse(r0, s0, c);
  s1 = fuse(r1, s1, c);
  s2 = fuse(r2, s2, c);
  s3 = fuse(r3, s3, c);
  c = v128.load32_splat(k, constants.COEFFICIENT_EXP0);
  d = i32x4.splat(127);
  v128.store(at, power(f32x4.add(fuse(f32x4.mul(s0, r0), r0, r0), c), n0, d));
  v128.store(at, power(f32x4.add(fuse(f32x4.mul(s1, r1), r1, r1), c), n1, d), 16);
  v128.store(at, power(f32x4.add(fuse(f32x4.mul(s2, r2), r2, r2), c), n2, d), 32);
  v128.store(at, power(f32x4.add(fuse(f32x4.mul(s3, r3), r3, r3), c), n3, d), 48);
}

/** 1 / (1 + e^-x). Relative error below 4e-7 where the result is normal. */
export function sigmoid16(at: usize, k: usize): void {
  for (let lane = at; lane < at + 64; lane += 16) v128.store(lane, f32x4.neg(v128.load(lane)));
  exp16(at, k);
  const one = f32x4.splat(1);
  for (let lane = at; lane < at + 64; lane += 16) v128.store(lane, f32x4.div(one, f32x4.add(one, v128.load(lane))));
}

/** Odd polynomial below 0.625 (Cephes tanhf), 1 - 2 / (e^2|x| + 1) above. Relative error below 3e-7. */
export function tanh16(at: usize, k: usize): void {
  const x0 = v128.load(at);
  const x1 = v128.load(at, 16);
  const x2 = v128.load(at, 32);
  const x3 = v128.load(at, 48);
  for (let lane = at; lane < at + 64; lane += 16) {
    const size = f32x4.abs(v128.load(lane));
    v128.store(lane, f32x4.add(size, size));
  }
  exp16(at, k);
  finishTanh(at, x0);
  finishTanh(at + 16, x1);
  finishTanh(at + 32, x2);
  finishTanh(at + 48, x3);
}

/** `at` holds e^2|x|. */
function finishTanh(at: usize, x: v128): void {
  const one = f32x4.splat(1);
  const large = f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(v128.load(at), one)));
  const square = f32x4.mul(x, x);
  let sum = fuse(square, f32x4.splat(-5.70498873e-3), f32x4.splat(2.06390888e-2));
  sum = fuse(square, sum, f32x4.splat(-5.37397156e-2));
  sum = fuse(square, sum, f32x4.splat(1.33314422e-1));
  sum = fuse(square, sum, f32x4.splat(-3.33332819e-1));
  const small = fuse(f32x4.mul(sum, square), x, x);
  const sign = v128.and(x, f32x4.splat(-0.0));
  v128.store(at, v128.bitselect(small, v128.or(large, sign), f32x4.lt(f32x4.abs(x), f32x4.splat(0.625))));
}

/**
 * A quotient of polynomials within ±3.9, where it reaches ±1 exactly (coefficients: Eigen, generic_fast_erf_float). Absolute error
 * below 5e-7.
 */
export function erf16(at: usize, k: usize): void {
  erfOf(at, k, f32x4.splat(1), false);
}

/** x / 2 · (1 + erf(x / √2)) */
export function gelu16(at: usize, k: usize): void {
  erfOf(at, k, v128.load32_splat(k, constants.COEFFICIENT_SQRT_HALF), true);
}

/**
 * erf(factor·x), or Gelu. Polynomials by even and odd powers, and nothing is stored before the end: the time goes into
 * steps that wait for the step before.
 */
function erfOf(at: usize, k: usize, factor: v128, gelu: bool): void {
  for (const end = at + 64; at < end; at += 32) {
    let x = argument(at, k, factor);
    const z0 = f32x4.mul(x, x);
    x = argument(at + 16, k, factor);
    const z1 = f32x4.mul(x, x);
    const w0 = f32x4.mul(z0, z0);
    const w1 = f32x4.mul(z1, z1);
    let c = v128.load32_splat(k, constants.COEFFICIENT_ERF_NUMERATOR13);
    let d = v128.load32_splat(k, constants.COEFFICIENT_ERF_NUMERATOR9);
    let e0 = fuse(w0, c, d);
    let e1 = fuse(w1, c, d);
    c = v128.load32_splat(k, constants.COEFFICIENT_ERF_NUMERATOR11);
    d = v128.load32_splat(k, constants.COEFFICIENT_ERF_NUMERATOR7);
    let o0 = fuse(w0, c, d);
    let o1 = fuse(w1, c, d);
    c = v128.load32_splat(k, constants.COEFFICIENT_ERF_NUMERATOR5);
    d = v128.load32_splat(k, constants.COEFFICIENT_ERF_NUMERATOR3);
    e0 = fuse(w0, e0, c);
    e1 = fuse(w1, e1, c);
    o0 = fuse(w0, o0, d);
    o1 = fuse(w1, o1, d);
    c = v128.load32_splat(k, constants.COEFFICIENT_ERF_NUMERATOR1);
    e0 = fuse(z0, o0, fuse(w0, e0, c));
    e1 = fuse(z1, o1, fuse(w1, e1, c));
    c = v128.load32_splat(k, constants.COEFFICIENT_ERF_DENOMINATOR8);
    d = v128.load32_splat(k, constants.COEFFICIENT_ERF_DENOMINATOR4);
    let t0 = fuse(w0, c, d);
    let t1 = fuse(w1, c, d);
    c = v128.load32_splat(k, constants.COEFFICIENT_ERF_DENOMINATOR6);
    d = v128.load32_splat(k, constants.COEFFICIENT_ERF_DENOMINATOR2);
    o0 = fuse(w0, c, d);
    o1 = fuse(w1, c, d);
    c = v128.load32_splat(k, constants.COEFFICIENT_ERF_DENOMINATOR0);
    t0 = fuse(z0, o0, fuse(w0, t0, c));
    t1 = fuse(z1, o1, fuse(w1, t1, c));
    finishErf(at, k, factor, e0, t0, gelu);
    finishErf(at + 16, k, factor, e1, t1, gelu);
  }
}

// @ts-ignore: decorator
@inline
function argument(at: usize, k: usize, factor: v128): v128 {
  const x = f32x4.mul(v128.load(at), factor);
  return f32x4.pmax(f32x4.pmin(x, v128.load32_splat(k, constants.COEFFICIENT_ERF_MAX)), v128.load32_splat(k, constants.COEFFICIENT_ERF_MIN));
}

// @ts-ignore: decorator
@inline
function finishErf(at: usize, k: usize, factor: v128, numerator: v128, denominator: v128, gelu: bool): void {
  let y = f32x4.div(f32x4.mul(numerator, argument(at, k, factor)), denominator);
  if (gelu) {
    const half = f32x4.mul(v128.load(at), f32x4.splat(0.5));
    y = fuse(half, y, half);
  }
  v128.store(at, y);
}
