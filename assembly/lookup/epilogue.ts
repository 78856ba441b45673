/**
 * What follows the sums of a look-up: y = activation(float(sum)·scale + bias + residual), stored dense and/or quantised into
 * the padded planes of the next Encode. One rounding per operation; Wasm has no implicit fused multiply-add.
 *
 * All four look-up kernels keep these fields at the same offsets (src/kernels/lookup.ts), so one set of constants serves them.
 */
import * as at from '../gen/layout';
import { levels, narrow } from './quantise';

/** Sums i32 [≤ 64 outputs][16 positions] at the start of a thread's scratch, then one i32/f32 [16] for tails, then gathered codes. */
// @ts-ignore: decorator
@inline
export const TAIL: usize = 4096;
// @ts-ignore: decorator
@inline
export const GATHERED: usize = 4096 + 64;

// @ts-ignore: decorator
@inline
function activate(x: v128, kind: i32, low: v128, high: v128): v128 {
  if (kind == 0) return x;
  if (kind == 1) return f32x4.max(x, f32x4.splat(0));
  if (kind == 2) return v128.bitselect(f32x4.mul(x, low), x, f32x4.lt(x, f32x4.splat(0)));
  if (kind == 3) return f32x4.min(f32x4.max(x, low), high);
  const gate = f32x4.add(f32x4.mul(x, f32x4.splat(<f32>(1.0 / 6.0))), f32x4.splat(0.5));
  return f32x4.mul(x, f32x4.max(f32x4.splat(0), f32x4.min(f32x4.splat(1), gate)));
}

/**
 * Stores 16 positions of one output per call.
 *
 * @param sums   i32 [count outputs][16 positions]
 * @param m      first output; `count` of them
 * @param first  first position of the group
 * @param tail   64 bytes of scratch
 */
export function finishPlanes(p: usize, sums: usize, image: i32, m: i32, count: i32, first: i32, tail: usize): void {
  const positions = load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_POSITIONS);
  const outputs = load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_OUTPUTS);
  const residual = load<usize>(p, at.LOOK_UP_SHUFFLE_PLANES_RESIDUAL);
  const output = load<usize>(p, at.LOOK_UP_SHUFFLE_PLANES_OUTPUT);
  const kind = load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_ACTIVATION);
  const low = v128.load32_splat(p, at.LOOK_UP_SHUFFLE_PLANES_LOW);
  const high = v128.load32_splat(p, at.LOOK_UP_SHUFFLE_PLANES_HIGH);
  const planes = load<usize>(p, at.LOOK_UP_SHUFFLE_PLANES_PLANES);
  const planes2 = load<usize>(p, at.LOOK_UP_SHUFFLE_PLANES_PLANES2);
  const valid = min(16, positions - first);
  const whole = valid == 16;
  for (let i = 0; i < count; i++) {
    const channel = m + i;
    const from = sums + (<usize>i << 6);
    const scale = v128.load32_splat(load<usize>(p, at.LOOK_UP_SHUFFLE_PLANES_SCALE) + (<usize>channel << 2));
    const bias = v128.load32_splat(load<usize>(p, at.LOOK_UP_SHUFFLE_PLANES_BIAS) + (<usize>channel << 2));
    let y0 = f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(v128.load(from)), scale), bias);
    let y1 = f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(v128.load(from, 16)), scale), bias);
    let y2 = f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(v128.load(from, 32)), scale), bias);
    let y3 = f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(v128.load(from, 48)), scale), bias);
    const dense = (<usize>((image * outputs + channel) * positions + first)) << 2;
    if (residual != 0) {
      let r = residual + dense;
      if (!whole) {
        memory.copy(tail, r, valid << 2);
        r = tail;
      }
      y0 = f32x4.add(y0, v128.load(r));
      y1 = f32x4.add(y1, v128.load(r, 16));
      y2 = f32x4.add(y2, v128.load(r, 32));
      y3 = f32x4.add(y3, v128.load(r, 48));
    }
    y0 = activate(y0, kind, low, high);
    y1 = activate(y1, kind, low, high);
    y2 = activate(y2, kind, low, high);
    y3 = activate(y3, kind, low, high);
    if (output != 0) {
      const to = whole ? output + dense : tail;
      v128.store(to, y0);
      v128.store(to, y1, 16);
      v128.store(to, y2, 32);
      v128.store(to, y3, 48);
      if (!whole) memory.copy(output + dense, tail, valid << 2);
    }
    if (planes != 0) {
      const q = v128.load32_splat(p, at.LOOK_UP_SHUFFLE_PLANES_PLANE_SCALE);
      const zero = v128.load32_splat(p, at.LOOK_UP_SHUFFLE_PLANES_PLANE_ZERO);
      scatter(
        narrow(levels(y0, q, zero), levels(y1, q, zero), levels(y2, q, zero), levels(y3, q, zero)),
        planes +
          channel * load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_PLANE_STRIDE) +
          image * load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_PLANE_BATCH),
        load<usize>(p, at.LOOK_UP_SHUFFLE_PLANES_PLANE_OFFSETS) + (first << 2),
        valid,
        tail,
      );
    }
    if (planes2 != 0) {
      const q = v128.load32_splat(p, at.LOOK_UP_SHUFFLE_PLANES_PLANE_SCALE2);
      const zero = v128.load32_splat(p, at.LOOK_UP_SHUFFLE_PLANES_PLANE_ZERO2);
      scatter(
        narrow(levels(y0, q, zero), levels(y1, q, zero), levels(y2, q, zero), levels(y3, q, zero)),
        planes2 +
          channel * load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_PLANE_STRIDE2) +
          image * load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_PLANE_BATCH2),
        load<usize>(p, at.LOOK_UP_SHUFFLE_PLANES_PLANE_OFFSETS2) + (first << 2),
        valid,
        tail,
      );
    }
  }
}

/** The first `valid` bytes to `to + offsets[q]`, in runs of 16 or 4 where they are neighbours. */
function scatter(bytes: v128, to: usize, offsets: usize, valid: i32, tail: usize): void {
  if (valid == 16 && load<i32>(offsets, 60) - load<i32>(offsets) == 15) {
    v128.store(to + load<i32>(offsets), bytes);
    return;
  }
  v128.store(tail, bytes);
  let q = 0;
  while (q < valid) {
    const at4 = offsets + (q << 2);
    if (q + 4 <= valid && load<i32>(at4, 12) - load<i32>(at4) == 3) {
      store<u32>(to + load<i32>(at4), load<u32>(tail + q));
      q += 4;
    } else {
      store<u8>(to + load<i32>(at4), load<u8>(tail + q));
      q++;
    }
  }
}

/**
 * Stores rows of neighbouring outputs (linear layers). Row r of the dense result is at output + 4·r·outputs; of the planes at
 * planes + r·planeBatch.
 *
 * @param sums      i32 [rows][rowBytes / 4], of which `count` outputs from m on are real
 * @param row       first row
 * @param tail      64 bytes of scratch
 */
export function finishRows(
  p: usize,
  sums: usize,
  rowBytes: i32,
  row: i32,
  rows: i32,
  m: i32,
  count: i32,
  tail: usize,
): void {
  const outputs = load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_OUTPUTS);
  const residual = load<usize>(p, at.LOOK_UP_SHUFFLE_PLANES_RESIDUAL);
  const output = load<usize>(p, at.LOOK_UP_SHUFFLE_PLANES_OUTPUT);
  const kind = load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_ACTIVATION);
  const low = v128.load32_splat(p, at.LOOK_UP_SHUFFLE_PLANES_LOW);
  const high = v128.load32_splat(p, at.LOOK_UP_SHUFFLE_PLANES_HIGH);
  const planes = load<usize>(p, at.LOOK_UP_SHUFFLE_PLANES_PLANES);
  const planes2 = load<usize>(p, at.LOOK_UP_SHUFFLE_PLANES_PLANES2);
  const scales = load<usize>(p, at.LOOK_UP_SHUFFLE_PLANES_SCALE) + (<usize>m << 2);
  const biases = load<usize>(p, at.LOOK_UP_SHUFFLE_PLANES_BIAS) + (<usize>m << 2);
  for (let r = 0; r < rows; r++) {
    const from = sums + r * rowBytes;
    const dense = <usize>((row + r) * outputs + m) << 2;
    for (let i = 0; i < count; i += 4) {
      const valid = min(4, count - i);
      const offset = <usize>i << 2;
      let y = f32x4.convert_i32x4_s(v128.load(from + offset));
      y = f32x4.add(f32x4.mul(y, v128.load(scales + offset)), v128.load(biases + offset));
      if (residual != 0) {
        let other = residual + dense + offset;
        if (valid < 4) {
          memory.copy(tail, other, valid << 2);
          other = tail;
        }
        y = f32x4.add(y, v128.load(other));
      }
      y = activate(y, kind, low, high);
      if (output != 0) {
        if (valid == 4) {
          v128.store(output + dense + offset, y);
        } else {
          v128.store(tail, y);
          memory.copy(output + dense + offset, tail, valid << 2);
        }
      }
      if (planes != 0) {
        const q = v128.load32_splat(p, at.LOOK_UP_SHUFFLE_PLANES_PLANE_SCALE);
        const zero = v128.load32_splat(p, at.LOOK_UP_SHUFFLE_PLANES_PLANE_ZERO);
        const batch = load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_PLANE_BATCH);
        const stride = load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_PLANE_STRIDE);
        storeRowLevels(levels(y, q, zero), planes + (row + r) * batch + (m + i) * stride, stride, valid);
      }
      if (planes2 != 0) {
        const q = v128.load32_splat(p, at.LOOK_UP_SHUFFLE_PLANES_PLANE_SCALE2);
        const zero = v128.load32_splat(p, at.LOOK_UP_SHUFFLE_PLANES_PLANE_ZERO2);
        const batch = load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_PLANE_BATCH2);
        const stride = load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_PLANE_STRIDE2);
        storeRowLevels(levels(y, q, zero), planes2 + (row + r) * batch + (m + i) * stride, stride, valid);
      }
    }
  }
}

/** The first `valid` levels of four, `stride` bytes apart. */
// @ts-ignore: decorator
@inline
function storeRowLevels(four: v128, to: usize, stride: i32, valid: i32): void {
  if (valid == 4 && stride == 1) {
    store<i32>(to, i32x4.extract_lane(narrow(four, four, four, four), 0));
    return;
  }
  store<u8>(to, i32x4.extract_lane(four, 0));
  if (valid > 1) store<u8>(to + stride, i32x4.extract_lane(four, 1));
  if (valid > 2) store<u8>(to + 2 * stride, i32x4.extract_lane(four, 2));
  if (valid > 3) store<u8>(to + 3 * stride, i32x4.extract_lane(four, 3));
}
