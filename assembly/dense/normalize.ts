// Softmax and layer normalization over rows of contiguous values. A tile is one row.
import { SOFTMAX_SCRATCH_BYTES } from '../gen/constants';
import * as field from '../gen/layout';
import { exp16 } from './functions';
import { sumLanes } from './reduce';

/** The first `count` of four values, the others `fill`. */
function loadPart(from: usize, count: i32, fill: f32): v128 {
  let x = f32x4.replace_lane(f32x4.splat(fill), 0, load<f32>(from));
  if (count > 1) x = v128.load_lane<f32>(from, x, 1, 4);
  if (count > 2) x = v128.load_lane<f32>(from, x, 2, 8);
  return x;
}

function storePart(to: usize, x: v128, count: i32): void {
  v128.store_lane<f32>(to, x, 0);
  if (count > 1) v128.store_lane<f32>(to, x, 1, 4);
  if (count > 2) v128.store_lane<f32>(to, x, 2, 8);
}

/** y = e^(x - max) / Σ e^(x - max). */
export function softmax(p: usize, begin: i32, end: i32, thread: i32): void {
  const inner = load<i32>(p, field.SOFTMAX_INNER);
  const scratch = load<usize>(p, field.SOFTMAX_SCRATCH) + thread * SOFTMAX_SCRATCH_BYTES;
  const whole = (<usize>(inner & ~3)) << 2;
  const rest = inner & 3;
  for (let row = begin; row < end; row++) {
    const start = <usize>row * ((<usize>inner) << 2);
    const from = load<usize>(p, field.SOFTMAX_INPUT) + start;
    const to = load<usize>(p, field.SOFTMAX_OUTPUT) + start;
    let top = f32x4.splat(-Infinity);
    for (let at: usize = 0; at < whole; at += 16) top = f32x4.pmax(top, v128.load(from + at));
    if (rest) top = f32x4.pmax(top, loadPart(from + whole, rest, -Infinity));
    top = f32x4.pmax(top, v128.shuffle<i32>(top, top, 2, 3, 0, 1));
    top = f32x4.pmax(top, v128.shuffle<i32>(top, top, 1, 0, 3, 2));
    let sums = f32x4.splat(0);
    for (let done = 0; done < inner; done += 16) {
      const count = min(16, inner - done);
      const at = (<usize>done) << 2;
      // A row may end where another thread's begins.
      const block = count == 16 ? to + at : scratch;
      for (let lane: usize = 0; lane < 64; lane += 16) {
        v128.store(block + lane, f32x4.sub(v128.load(from + at + lane), top));
      }
      if (count < 16) {
        const end = block + 64;
        for (let lane = block + ((<usize>count) << 2); lane < end; lane += 4) store<f32>(lane, -Infinity);
      }
      exp16(block, load<usize>(p, field.SOFTMAX_COEFFICIENTS));
      for (let lane: usize = 0; lane < 64; lane += 16) sums = f32x4.add(sums, v128.load(block + lane));
      if (count < 16) memory.copy(to + at, block, (<usize>count) << 2);
    }
    const factor = f32x4.splat(1 / sumLanes(sums));
    for (let at: usize = 0; at < whole; at += 16) v128.store(to + at, f32x4.mul(v128.load(to + at), factor));
    if (rest) storePart(to + whole, f32x4.mul(loadPart(to + whole, rest, 0), factor), rest);
  }
}

/** y = (x - mean) / sqrt(variance + epsilon) · scale + bias, mean first, then the mean of squared distances. */
export function layerNorm(p: usize, begin: i32, end: i32, thread: i32): void {
  const inner = load<i32>(p, field.LAYER_NORM_INNER);
  const scale = load<usize>(p, field.LAYER_NORM_SCALE);
  const bias = load<usize>(p, field.LAYER_NORM_BIAS);
  const whole = (<usize>(inner & ~3)) << 2;
  const rest = inner & 3;
  for (let row = begin; row < end; row++) {
    const start = <usize>row * ((<usize>inner) << 2);
    const from = load<usize>(p, field.LAYER_NORM_INPUT) + start;
    const to = load<usize>(p, field.LAYER_NORM_OUTPUT) + start;
    let sums = f32x4.splat(0);
    for (let at: usize = 0; at < whole; at += 16) sums = f32x4.add(sums, v128.load(from + at));
    if (rest) sums = f32x4.add(sums, loadPart(from + whole, rest, 0));
    const mean = sumLanes(sums) / <f32>inner;
    const middle = f32x4.splat(mean);
    sums = f32x4.splat(0);
    for (let at: usize = 0; at < whole; at += 16) {
      const x = f32x4.sub(v128.load(from + at), middle);
      sums = f32x4.add(sums, f32x4.mul(x, x));
    }
    if (rest) {
      const x = f32x4.sub(loadPart(from + whole, rest, mean), middle);
      sums = f32x4.add(sums, f32x4.mul(x, x));
    }
    const factor = f32x4.splat(1 / sqrt<f32>(sumLanes(sums) / <f32>inner + load<f32>(p, field.LAYER_NORM_EPSILON)));
    for (let at: usize = 0; at < whole; at += 16) {
      let x = f32x4.mul(f32x4.mul(f32x4.sub(v128.load(from + at), middle), factor), v128.load(scale + at));
      if (bias) x = f32x4.add(x, v128.load(bias + at));
      v128.store(to + at, x);
    }
    if (rest) {
      const weights = loadPart(scale + whole, rest, 0);
      let x = f32x4.mul(f32x4.mul(f32x4.sub(loadPart(from + whole, rest, 0), middle), factor), weights);
      if (bias) x = f32x4.add(x, loadPart(bias + whole, rest, 0));
      storePart(to + whole, x, rest);
    }
  }
}
