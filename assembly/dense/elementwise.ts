// Functions of one or two float32 tensors.
import * as constants from '../gen/constants';
import * as field from '../gen/layout';
import { activate, clamp } from './epilogue';
import { erf16, exp16, gelu16, sigmoid16, tanh16 } from './functions';

/** Works on 16 values at a time; those behind the last lie in the slack of the output. */
export function unary(p: usize, begin: i32, end: i32, thread: i32): void {
  const kind = load<i32>(p, field.UNARY_FUNCTION);
  const low = v128.load32_splat(p, field.UNARY_LOW);
  const high = v128.load32_splat(p, field.UNARY_HIGH);
  const coefficients = load<usize>(p, field.UNARY_COEFFICIENTS);
  const perTile = load<i32>(p, field.UNARY_PER_TILE);
  const last = min(load<i32>(p, field.UNARY_COUNT), end * perTile);
  let i = begin * perTile;
  let from = load<usize>(p, field.UNARY_INPUT) + ((<usize>i) << 2);
  let to = load<usize>(p, field.UNARY_OUTPUT) + ((<usize>i) << 2);
  for (; i < last; i += 16) {
    for (let lane: usize = 0; lane < 64; lane += 16) {
      v128.store(to + lane, prepare(v128.load(from + lane), kind, low, high));
    }
    switch (kind) {
      case constants.FUNCTION_SIGMOID:
      case constants.FUNCTION_SWISH:
        sigmoid16(to, coefficients);
        break;
      case constants.FUNCTION_TANH:
      case constants.FUNCTION_GELU_TANH:
        tanh16(to, coefficients);
        break;
      case constants.FUNCTION_EXP:
        exp16(to, coefficients);
        break;
      case constants.FUNCTION_ERF:
        erf16(to, coefficients);
        break;
      case constants.FUNCTION_GELU:
        gelu16(to, coefficients);
        break;
    }
    if (kind == constants.FUNCTION_SWISH || kind == constants.FUNCTION_GELU_TANH) {
      for (let lane: usize = 0; lane < 64; lane += 16) {
        const x = v128.load(from + lane);
        const y = v128.load(to + lane);
        const half = f32x4.mul(x, f32x4.splat(0.5));
        v128.store(to + lane, kind == constants.FUNCTION_SWISH ? f32x4.mul(x, y) : f32x4.add(f32x4.mul(half, y), half));
      }
    }
    from += 64;
    to += 64;
  }
}

/** Computes short functions completely, and the first step of the others. */
function prepare(x: v128, kind: i32, low: v128, high: v128): v128 {
  switch (kind) {
    case constants.FUNCTION_HARD_SIGMOID:
      return clamp(f32x4.add(f32x4.mul(x, low), high), f32x4.splat(0), f32x4.splat(1));
    case constants.FUNCTION_GELU_TANH: {
      const cube = f32x4.mul(f32x4.mul(f32x4.mul(x, x), x), f32x4.splat(0.044715));
      return f32x4.mul(f32x4.add(x, cube), f32x4.splat(0.79788456));
    }
    case constants.FUNCTION_SWISH:
      return f32x4.mul(x, low);
    case constants.FUNCTION_SQRT:
      return f32x4.sqrt(x);
    case constants.FUNCTION_ABS:
      return f32x4.abs(x);
    case constants.FUNCTION_NEG:
      return f32x4.neg(x);
    case constants.FUNCTION_ROUND:
      return clamp(f32x4.nearest(x), low, high);
    default:
      return activate(x, kind, low, high);
  }
}

/**
 * output[row][i] = clamp(left ∘ right + residual) for rows of `inner` values, the last possibly shorter. Row r of an operand starts
 * ((r / divisor) mod modulus) · step bytes in; where `vector` is 0 its first value serves the whole row.
 */
export function binary(p: usize, begin: i32, end: i32, thread: i32): void {
  const operation = load<i32>(p, field.BINARY_OPERATION);
  const inner = load<i32>(p, field.BINARY_INNER);
  const count = load<i32>(p, field.BINARY_COUNT);
  const rowsPerTile = load<i32>(p, field.BINARY_ROWS_PER_TILE);
  const last = min(load<i32>(p, field.BINARY_ROWS), end * rowsPerTile);
  const leftVector = load<i32>(p, field.BINARY_LEFT_VECTOR) != 0;
  const rightVector = load<i32>(p, field.BINARY_RIGHT_VECTOR) != 0;
  const residual = load<usize>(p, field.BINARY_RESIDUAL);
  const low = v128.load32_splat(p, field.BINARY_LOW);
  const high = v128.load32_splat(p, field.BINARY_HIGH);
  for (let row = begin * rowsPerTile; row < last; row++) {
    let left =
      load<usize>(p, field.BINARY_LEFT) +
      <usize>((row / load<i32>(p, field.BINARY_LEFT_DIVISOR)) % load<i32>(p, field.BINARY_LEFT_MODULUS)) * load<usize>(p, field.BINARY_LEFT_STEP);
    let right =
      load<usize>(p, field.BINARY_RIGHT) +
      <usize>((row / load<i32>(p, field.BINARY_RIGHT_DIVISOR)) % load<i32>(p, field.BINARY_RIGHT_MODULUS)) * load<usize>(p, field.BINARY_RIGHT_STEP);
    let to = load<usize>(p, field.BINARY_OUTPUT) + ((<usize>(row * inner)) << 2);
    let rest = residual + ((<usize>(row * inner)) << 2);
    let left4 = v128.load32_splat(left);
    let right4 = v128.load32_splat(right);
    let i = min(inner, count - row * inner);
    for (; i >= 4; i -= 4) {
      if (leftVector) left4 = v128.load(left);
      if (rightVector) right4 = v128.load(right);
      let x = combine(left4, right4, operation);
      if (residual) x = f32x4.add(x, v128.load(rest));
      v128.store(to, clamp(x, low, high));
      rest += 16;
      left += 16;
      right += 16;
      to += 16;
    }
    for (; i > 0; i--) {
      if (leftVector) left4 = v128.load32_splat(left);
      if (rightVector) right4 = v128.load32_splat(right);
      let x = combine(left4, right4, operation);
      if (residual) x = f32x4.add(x, v128.load32_splat(rest));
      v128.store_lane<f32>(to, clamp(x, low, high), 0);
      rest += 4;
      left += 4;
      right += 4;
      to += 4;
    }
  }
}

// @ts-ignore: decorator
@inline
function combine(a: v128, b: v128, operation: i32): v128 {
  // The most frequent two. A jump by table takes as long as the rest of the loop.
  if (operation == constants.OPERATION_ADD) return f32x4.add(a, b);
  if (operation == constants.OPERATION_MUL) return f32x4.mul(a, b);
  switch (operation) {
    case constants.OPERATION_SUB:
      return f32x4.sub(a, b);
    case constants.OPERATION_DIV:
      return f32x4.div(a, b);
    case constants.OPERATION_MIN:
      return f32x4.min(a, b);
    case constants.OPERATION_MAX:
      return f32x4.max(a, b);
    default:
      // PRelu
      return v128.bitselect(f32x4.mul(a, b), a, f32x4.lt(a, f32x4.splat(0)));
  }
}
