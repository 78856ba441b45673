// What follows the sums of a layer: bias, residual, activation, dense store, re-quantized planes. The fields it reads stand
// first in the parameter block of every kernel that calls it: FLOAT_EPILOGUE in src/kernels/dense.ts.
import { ACTIVATION_CLAMP, ACTIVATION_HARD_SWISH, ACTIVATION_LEAKY_RELU, ACTIVATION_NONE } from '../gen/constants';
import * as field from '../gen/layout';
import { quantizeRow } from '../lookup/quantize';

/** pmax and pmin in this order keep NaN and are one instruction each. */
// @ts-ignore: decorator
@inline
export function clamp(x: v128, low: v128, high: v128): v128 {
  return f32x4.pmin(f32x4.pmax(x, low), high);
}

// @ts-ignore: decorator
@inline
export function activate(x: v128, kind: i32, low: v128, high: v128): v128 {
  if (kind == ACTIVATION_NONE) return x;
  if (kind == ACTIVATION_CLAMP) return clamp(x, low, high);
  if (kind == ACTIVATION_LEAKY_RELU) return v128.bitselect(f32x4.mul(x, low), x, f32x4.lt(x, f32x4.splat(0)));
  if (kind == ACTIVATION_HARD_SWISH) {
    const gate = f32x4.add(f32x4.mul(x, f32x4.splat(1.0 / 6.0)), f32x4.splat(0.5));
    return f32x4.mul(x, clamp(gate, f32x4.splat(0), f32x4.splat(1)));
  }
  return x;
}

/**
 * Finishes `count` neighboring outputs. `sums` holds them, readable and writable up to a multiple of four; `at` is the index of
 * the first one in output and residual. `bias` is one value for all of them, or, with `columns`, points to one per output.
 * The activated values are left in `sums`.
 */
// @ts-ignore: decorator
@inline
function finishRun(p: usize, sums: usize, count: i32, at: usize, bias: v128, columns: usize): void {
  const residual = load<usize>(p, field.FLOAT_EPILOGUE_RESIDUAL);
  const output = load<usize>(p, field.FLOAT_EPILOGUE_OUTPUT);
  const kind = load<i32>(p, field.FLOAT_EPILOGUE_ACTIVATION);
  const low = v128.load32_splat(p, field.FLOAT_EPILOGUE_LOW);
  const high = v128.load32_splat(p, field.FLOAT_EPILOGUE_HIGH);
  const whole = count & ~3;
  let i: i32 = 0;
  for (; i < whole; i += 4) {
    const byte = (<usize>i) << 2;
    let x = f32x4.add(v128.load(sums + byte), columns ? v128.load(columns + byte) : bias);
    if (residual) x = f32x4.add(x, v128.load(residual + (at << 2) + byte));
    x = activate(x, kind, low, high);
    v128.store(sums + byte, x);
    if (output) v128.store(output + (at << 2) + byte, x);
  }
  for (; i < count; i++) {
    const byte = (<usize>i) << 2;
    let x = f32x4.add(v128.load32_splat(sums + byte), columns ? v128.load32_splat(columns + byte) : bias);
    if (residual) x = f32x4.add(x, v128.load32_splat(residual + (at << 2) + byte));
    x = activate(x, kind, low, high);
    v128.store_lane<f32>(sums + byte, x, 0);
    if (output) v128.store_lane<f32>(output + (at << 2) + byte, x, 0);
  }
}

/** Writes positions `first .. first + count` of one output plane of `width` columns into the padded uint8 planes. */
function quantizePlane(p: usize, values: usize, count: i32, plane: usize, first: i32, width: i32): void {
  const scale = v128.load32_splat(p, field.FLOAT_EPILOGUE_PLANES_SCALE);
  const zeroPoint = v128.load32_splat(p, field.FLOAT_EPILOGUE_PLANES_ZERO_POINT);
  const pitch = load<i32>(p, field.FLOAT_EPILOGUE_PLANES_PITCH);
  let y = first / width;
  let x = first - y * width;
  let row =
    load<usize>(p, field.FLOAT_EPILOGUE_PLANES) +
    plane * load<usize>(p, field.FLOAT_EPILOGUE_PLANES_STRIDE) +
    <usize>((y + load<i32>(p, field.FLOAT_EPILOGUE_PLANES_TOP)) * pitch + load<i32>(p, field.FLOAT_EPILOGUE_PLANES_LEFT));
  while (count > 0) {
    const run = min(width - x, count);
    quantizeRow(values, run, row + <usize>x, scale, zeroPoint);
    values += (<usize>run) << 2;
    count -= run;
    x = 0;
    row += <usize>pitch;
  }
}

/**
 * Finishes positions `first .. first + count` of output plane `plane` (n · M + m). `sums` holds them and is readable up to a
 * multiple of four; `positions` is the size of a plane, `width` its row length, `m` the index into the bias.
 */
export function finishPlane(
  p: usize,
  sums: usize,
  count: i32,
  plane: usize,
  m: i32,
  first: i32,
  positions: i32,
  width: i32,
): void {
  const bias = load<usize>(p, field.FLOAT_EPILOGUE_BIAS);
  const at = plane * <usize>positions + <usize>first;
  finishRun(p, sums, count, at, bias ? v128.load32_splat(bias + ((<usize>m) << 2)) : f32x4.splat(0), 0);
  if (load<usize>(p, field.FLOAT_EPILOGUE_PLANES)) quantizePlane(p, sums, count, plane, first, width);
}

/** Finishes columns `first .. first + count` of a row; `at` is the index of the first one in output and residual. */
export function finishColumns(p: usize, sums: usize, count: i32, at: usize, first: i32): void {
  const bias = load<usize>(p, field.FLOAT_EPILOGUE_BIAS);
  finishRun(p, sums, count, at, f32x4.splat(0), bias ? bias + ((<usize>first) << 2) : 0);
}
