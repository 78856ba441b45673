// Scalar functions on four lanes. All use plain multiplications and additions, so that every build gives the same bits.

// @ts-ignore: decorator
@inline
function horner(x: v128, sum: v128, coefficient: f32): v128 {
  return f32x4.add(f32x4.mul(sum, x), f32x4.splat(coefficient));
}

/**
 * e^x: x = n·ln 2 + r with ln 2 in two parts (Cody & Waite), then a polynomial in |r| <= ln 2 / 2 (Cephes expf), then two powers of
 * two, so that results overflow to infinity and underflow gradually. Relative error below 2.5e-7 where the result is normal.
 */
export function exp4(x: v128): v128 {
  x = f32x4.pmax(f32x4.pmin(x, f32x4.splat(89)), f32x4.splat(-104));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)));
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.add(r, f32x4.mul(n, f32x4.splat(2.1219444e-4)));
  let sum = f32x4.splat(1.98756915e-4);
  sum = horner(r, sum, 1.39819995e-3);
  sum = horner(r, sum, 8.33345191e-3);
  sum = horner(r, sum, 4.16657959e-2);
  sum = horner(r, sum, 1.66666655e-1);
  sum = horner(r, sum, 5.00000012e-1);
  sum = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(sum, r), r), r), f32x4.splat(1));
  const power = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(power, 1);
  return f32x4.mul(f32x4.mul(sum, powerOfTwo(half)), powerOfTwo(i32x4.sub(power, half)));
}

// @ts-ignore: decorator
@inline
function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/** 1 / (1 + e^-x). Relative error below 4e-7 where the result is normal. */
export function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))));
}

/** Odd polynomial below 0.625 (Cephes tanhf), 1 - 2 / (e^2|x| + 1) above. Relative error below 3e-7. */
export function tanh4(x: v128): v128 {
  const one = f32x4.splat(1);
  const size = f32x4.abs(x);
  const large = f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(exp4(f32x4.add(size, size)), one)));
  const square = f32x4.mul(x, x);
  let sum = f32x4.splat(-5.70498873e-3);
  sum = horner(square, sum, 2.06390888e-2);
  sum = horner(square, sum, -5.37397156e-2);
  sum = horner(square, sum, 1.33314422e-1);
  sum = horner(square, sum, -3.33332819e-1);
  const small = f32x4.add(f32x4.mul(f32x4.mul(sum, square), x), x);
  const sign = v128.and(x, f32x4.splat(-0.0));
  return v128.bitselect(small, v128.or(large, sign), f32x4.lt(size, f32x4.splat(0.625)));
}

/** Abramowitz & Stegun 7.1.26: 1 - (a1 t + … + a5 t^5) e^(-x²), t = 1 / (1 + p|x|). Absolute error below 5e-7. */
export function erf4(x: v128): v128 {
  const one = f32x4.splat(1);
  const size = f32x4.abs(x);
  const t = f32x4.div(one, f32x4.add(one, f32x4.mul(size, f32x4.splat(0.3275911))));
  let sum = f32x4.splat(1.061405429);
  sum = horner(t, sum, -1.453152027);
  sum = horner(t, sum, 1.421413741);
  sum = horner(t, sum, -0.284496736);
  sum = horner(t, sum, 0.254829592);
  const tail = f32x4.mul(f32x4.mul(sum, t), exp4(f32x4.neg(f32x4.mul(x, x))));
  return v128.or(f32x4.sub(one, tail), v128.and(x, f32x4.splat(-0.0)));
}
