/**
 * What follows integer sums: y = activation(float(sum)·scale + bias + residual), stored dense and/or quantized into
 * the padded planes of the next Encode. One rounding per operation; Wasm has no implicit fused multiply-add. The fields it reads stand
 * first in the parameter block of every kernel that calls it: INTEGER_SUMS in src/kernels/lookup.ts.
 *
 * A thread's scratch begins with sums i32 [<= 64 outputs][16 positions] and one i32/f32 [16] for tails; then comes what the kernel gathers.
 */
import { activate, clamp } from '../dense/epilogue';
import { gelu16 } from '../dense/functions';
import { ACTIVATION_CLAMP, ACTIVATION_NONE, FUNCTION_GELU } from '../gen/constants';
import * as field from '../gen/layout';
import { scatter16 } from './gather';
import { narrow, quantize4, roundingBase, roundingMagic } from './quantize';

/** LeakyRelu and HardSwish. */
function activateRarely(x: v128, kind: i32, p: usize): v128 {
  return activate(x, kind, v128.load32_splat(p, field.INTEGER_SUMS_LOW), x);
}

/**
 * Finishes 16 values, the first `valid` of them real, that lie together in a dense tensor.
 *
 * @param y0     float(sum)·scale + bias of the first four
 * @param dense  their place in `output` and `residual`, in bytes
 * @param plane  their plane and image: bytes from `planes` are plane·planeStride + image·planeBatch, plus what `offsets` say
 * @param rows   they lie planeStride apart in the planes, not at offsets
 * @param first  index of the first offset
 */
// @ts-ignore: decorator
@inline
function finish16(
  p: usize,
  y0: v128,
  y1: v128,
  y2: v128,
  y3: v128,
  dense: usize,
  valid: i32,
  plane: i32,
  image: i32,
  rows: bool,
  first: i32,
  tail: usize,
): void {
  const residual = load<usize>(p, field.INTEGER_SUMS_RESIDUAL);
  const output = load<usize>(p, field.INTEGER_SUMS_OUTPUT);
  const kind = load<i32>(p, field.INTEGER_SUMS_ACTIVATION);
  if (residual != 0) {
    let r = residual + dense;
    if (valid < 16) {
      memory.copy(tail, r, valid << 2);
      r = tail;
    }
    y0 = f32x4.add(y0, v128.load(r));
    y1 = f32x4.add(y1, v128.load(r, 16));
    y2 = f32x4.add(y2, v128.load(r, 32));
    y3 = f32x4.add(y3, v128.load(r, 48));
  }
  if (kind == ACTIVATION_CLAMP) {
    const low = v128.load32_splat(p, field.INTEGER_SUMS_LOW);
    const high = v128.load32_splat(p, field.INTEGER_SUMS_HIGH);
    y0 = clamp(y0, low, high);
    y1 = clamp(y1, low, high);
    y2 = clamp(y2, low, high);
    y3 = clamp(y3, low, high);
  } else if (kind == FUNCTION_GELU) {
    v128.store(tail, y0);
    v128.store(tail, y1, 16);
    v128.store(tail, y2, 32);
    v128.store(tail, y3, 48);
    gelu16(tail, load<usize>(p, field.INTEGER_SUMS_COEFFICIENTS));
    y0 = v128.load(tail);
    y1 = v128.load(tail, 16);
    y2 = v128.load(tail, 32);
    y3 = v128.load(tail, 48);
  } else if (kind != ACTIVATION_NONE) {
    y0 = activateRarely(y0, kind, p);
    y1 = activateRarely(y1, kind, p);
    y2 = activateRarely(y2, kind, p);
    y3 = activateRarely(y3, kind, p);
  }
  if (output != 0) {
    const to = valid == 16 ? output + dense : tail;
    v128.store(to, y0);
    v128.store(to, y1, 16);
    v128.store(to, y2, 32);
    v128.store(to, y3, 48);
    if (valid < 16) memory.copy(output + dense, tail, valid << 2);
  }
  for (let set = p; set < p + SETS * SET_BYTES; set += SET_BYTES) {
    const planes = load<usize>(set, field.INTEGER_SUMS_PLANES);
    if (planes == 0) break;
    const scale = v128.load32_splat(set, field.INTEGER_SUMS_PLANE_SCALE);
    const zero = v128.load32_splat(set, field.INTEGER_SUMS_PLANE_ZERO);
    const base = roundingBase(zero);
    const magic = roundingMagic(base, zero);
    const floor = f32x4.neg(zero);
    const a = quantize4(y0, scale, floor, magic, base);
    const b = quantize4(y1, scale, floor, magic, base);
    const c = quantize4(y2, scale, floor, magic, base);
    const d = quantize4(y3, scale, floor, magic, base);
    const bytes = narrow(a, b, c, d);
    const stride = load<i32>(set, field.INTEGER_SUMS_PLANE_STRIDE);
    const to = planes + plane * stride + image * load<i32>(set, field.INTEGER_SUMS_PLANE_BATCH);
    if (rows) {
      if (valid == 16 && stride == 1) v128.store(to, bytes);
      else spread(bytes, to, stride, valid, tail);
    } else {
      scatter16(bytes, to, load<usize>(set, field.INTEGER_SUMS_PLANE_OFFSETS) + (first << 2), valid);
    }
  }
}

/** Sets of planes that one epilogue fills, and the bytes of their fields. */
const SETS: usize = 2;
const SET_BYTES: usize = field.INTEGER_SUMS_PLANES2 - field.INTEGER_SUMS_PLANES;

/** The first `valid` bytes, `stride` bytes apart. */
function spread(bytes: v128, to: usize, stride: i32, valid: i32, tail: usize): void {
  v128.store(tail, bytes);
  for (let i = 0; i < valid; i++) store<u8>(to + i * stride, load<u8>(tail + i));
}

/**
 * Finishes `count` vectors of 16 sums: positions of one output each, or with `rows` (linear layers) outputs of one row each. Row r of the dense result is then at output + 4·r·outputs; of the planes at planes + r·planeBatch.
 *
 * @param sums   i32 [count][rowBytes / 4], 16 of each
 * @param m      first output
 * @param first  first position, or row
 * @param tail   64 bytes of scratch
 */
export function finish(
  p: usize,
  sums: usize,
  rowBytes: i32,
  count: i32,
  image: i32,
  m: i32,
  first: i32,
  rows: bool,
  tail: usize,
): void {
  const positions = load<i32>(p, field.INTEGER_SUMS_POSITIONS);
  const outputs = load<i32>(p, field.INTEGER_SUMS_OUTPUTS);
  const valid = min(16, rows ? outputs - m : positions - first);
  for (let i = 0; i < count; i++) {
    const channel = rows ? m : m + i;
    const item = rows ? first + i : image;
    const scales = load<usize>(p, field.INTEGER_SUMS_SCALE) + (<usize>channel << 2);
    const biases = load<usize>(p, field.INTEGER_SUMS_BIAS) + (<usize>channel << 2);
    let dense = item * outputs + channel;
    let y0 = f32x4.convert_i32x4_s(v128.load(sums));
    let y1 = f32x4.convert_i32x4_s(v128.load(sums, 16));
    let y2 = f32x4.convert_i32x4_s(v128.load(sums, 32));
    let y3 = f32x4.convert_i32x4_s(v128.load(sums, 48));
    if (rows) {
      y0 = f32x4.add(f32x4.mul(y0, v128.load(scales)), v128.load(biases));
      y1 = f32x4.add(f32x4.mul(y1, v128.load(scales, 16)), v128.load(biases, 16));
      y2 = f32x4.add(f32x4.mul(y2, v128.load(scales, 32)), v128.load(biases, 32));
      y3 = f32x4.add(f32x4.mul(y3, v128.load(scales, 48)), v128.load(biases, 48));
    } else {
      const scale = v128.load32_splat(scales);
      const bias = v128.load32_splat(biases);
      y0 = f32x4.add(f32x4.mul(y0, scale), bias);
      y1 = f32x4.add(f32x4.mul(y1, scale), bias);
      y2 = f32x4.add(f32x4.mul(y2, scale), bias);
      y3 = f32x4.add(f32x4.mul(y3, scale), bias);
      dense = dense * positions + first;
    }
    finish16(p, y0, y1, y2, y3, (<usize>dense) << 2, valid, channel, item, rows, first, tail);
    sums += rowBytes;
  }
}
