/**
 * Convolutions and matrix products in integers: int8 weights times 7-bit activations, summed exactly. Four bytes fill one lane: taps of a
 * row, which are neighbors in memory, or for narrow windows the same tap of four channels. What lies beyond the window has weight 0.
 *
 *     patches (scratch):  u8 [group][channels][step][16 positions][4 taps or channels]
 *     weights:            i8 [quad of outputs][channels][step][4 outputs][4 taps or channels]
 */
import { OUTPUT_PANEL, OUTPUT_QUAD, POSITION_GROUP, SUMS_BYTES, SUMS_SCRATCH_BYTES } from '../gen/constants';
import * as field from '../gen/layout';
import { finish } from './epilogue';
import { ROW_SUMS, transpose } from './look-up-shuffle';
import { blockOf, firstOf, groupsOf, imageOf, scratchOf, unitOf } from './sums-tile';

/** Results are planes [image][output][position], or rows [position][output] of linear layers. A tile gathers the patches of a few groups once and runs all its outputs over them. */
export function quantizedConv(p: usize, begin: i32, end: i32, thread: i32): void {
  const outputs = load<i32>(p, field.INTEGER_SUMS_OUTPUTS);
  const channels = load<i32>(p, field.QUANTIZED_CONV_CHANNELS);
  const steps = load<i32>(p, field.QUANTIZED_CONV_STEPS);
  const positions = load<i32>(p, field.INTEGER_SUMS_POSITIONS);
  const weights = load<usize>(p, field.QUANTIZED_CONV_WEIGHTS);
  const inputOffsets = load<usize>(p, field.QUANTIZED_CONV_INPUT_OFFSETS);
  const corrections = load<usize>(p, field.QUANTIZED_CONV_CORRECTIONS);
  // 1, in a way that V8 does not see through: it would build a constant vector anew at each use.
  const ones = i16x8.splat(<i16>min(1, outputs));
  const sums = scratchOf(p, thread);
  const patches = sums + SUMS_SCRATCH_BYTES;
  const rows = load<i32>(p, field.QUANTIZED_CONV_ROWS) != 0;
  /** Of the patches of one group. */
  let bytes = 0;
  const unit = rows ? OUTPUT_PANEL : OUTPUT_QUAD;
  const units = (outputs + unit - 1) / unit;
  let last = -1;
  for (let tile = begin; tile < end; tile++) {
    const block = blockOf(p, tile);
    const image = imageOf(p, block);
    const first = firstOf(p, block);
    const groups = groupsOf(p, first);
    if (block != last) {
      const input = load<usize>(p, field.QUANTIZED_CONV_INPUT) + image * load<i32>(p, field.QUANTIZED_CONV_INPUT_BATCH);
      for (let g = 0; g < groups; g++) {
        const to = patches + g * bytes;
        bytes = <i32>(gatherGroup(p, input, channels, steps, inputOffsets + ((first + g * POSITION_GROUP) << 2), to) - to);
      }
      last = block;
    }
    const lastUnit = unitOf(p, tile, units, 1);
    for (let index = unitOf(p, tile, units, 0); index < lastUnit; index++) {
      const m = index * unit;
      const count = min(unit, outputs - m);
      for (let g = 0; g < groups; g++) {
        const at = first + g * POSITION_GROUP;
        for (let i = 0; i < count; i += OUTPUT_QUAD) {
          const quad = m + i;
          multiply(patches + g * bytes, weights + quad * (bytes >> 4), bytes, corrections + (quad << 2), ones, sums);
          if (rows) transpose(sums, sums + ROW_SUMS + (i << 2));
        }
        const items = rows ? min(POSITION_GROUP, positions - at) : count;
        finish(p, sums + (rows ? ROW_SUMS : 0), 64, items, image, m, at, rows, sums + SUMS_BYTES);
      }
    }
  }
}

/** Bytes of one lane. */
const LANES = 4;

/** Patches of one group of positions for all channels and steps. @returns where they end */
function gatherGroup(p: usize, input: usize, channels: i32, steps: i32, offsets: usize, to: usize): usize {
  const stride = load<i32>(p, field.QUANTIZED_CONV_INPUT_STRIDE);
  const lane = load<i32>(p, field.QUANTIZED_CONV_LANE_STRIDE);
  const stepOffsets = load<usize>(p, field.QUANTIZED_CONV_STEP_OFFSETS);
  const width = lane != 0 ? LANES : 1;
  for (let channel = 0; channel < channels; channel += width) {
    for (let step = 0; step < steps; step++) {
      const from = input + load<i32>(stepOffsets + (step << 2));
      if (lane != 0) gatherChannels(from, lane, channels - channel - 1, offsets, to);
      else gatherTaps(from, offsets, to);
      to += 64;
    }
    input += stride;
  }
  return to;
}

/** One tap of four channels for 16 positions. @param last channels that follow the first; those beyond it are not read */
function gatherChannels(from: usize, lane: i32, last: i32, offsets: usize, to: usize): void {
  for (let i = 0; i < 64; i++) {
    store<u8>(to + i, load<u8>(from + load<i32>(offsets + (i & ~3)) + lane * min(i & 3, last)));
  }
}

/** The four taps of one step for 16 positions. */
// @ts-ignore: decorator
@inline
function gatherTaps(from: usize, offsets: usize, to: usize): void {
  for (const end = to + 64; to < end; to += 8) {
    store<u32>(to, load<u32>(from + load<i32>(offsets)));
    store<u32>(to, load<u32>(from + load<i32>(offsets, 4)), 4);
    offsets += 8;
  }
}

/** sum + the dot of four bytes in each lane; `ones` is 1 in every i16 lane. */
// @ts-ignore: decorator
@inline
function dot(sum: v128, w: v128, x: v128, ones: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.add(sum, i32x4.dot_i16x8_s(i16x8.relaxed_dot_i8x16_i7x16_s(w, x), ones));
  const even = i32x4.dot_i16x8_s(i16x8.shr_s(i16x8.shl(w, 8), 8), v128.and(x, i16x8.splat(0xff)));
  return i32x4.add(sum, i32x4.add(even, i32x4.dot_i16x8_s(i16x8.shr_s(w, 8), i16x8.shr_u(x, 8))));
}

/**
 * sums i32 [4 outputs][16 positions] = start + Σ over steps.
 *
 * @param bytes   of the patches
 * @param starts  i32 [4]
 * @param ones    1 in every i16 lane
 */
function multiply(patches: usize, weights: usize, bytes: i32, starts: usize, ones: v128, sums: usize): void {
  for (let half: usize = 0; half < 64; half += 32) {
    let s00 = v128.load32_splat(starts);
    let s01 = s00;
    let s10 = v128.load32_splat(starts, 4);
    let s11 = s10;
    let s20 = v128.load32_splat(starts, 8);
    let s21 = s20;
    let s30 = v128.load32_splat(starts, 12);
    let s31 = s30;
    let x = patches + half;
    for (let w = weights, end = weights + (bytes >> 2); w < end; w += 16) {
      const x0 = v128.load(x);
      const x1 = v128.load(x, 16);
      const w0 = v128.load32_splat(w);
      s00 = dot(s00, w0, x0, ones);
      s01 = dot(s01, w0, x1, ones);
      const w1 = v128.load32_splat(w, 4);
      s10 = dot(s10, w1, x0, ones);
      s11 = dot(s11, w1, x1, ones);
      const w2 = v128.load32_splat(w, 8);
      s20 = dot(s20, w2, x0, ones);
      s21 = dot(s21, w2, x1, ones);
      const w3 = v128.load32_splat(w, 12);
      s30 = dot(s30, w3, x0, ones);
      s31 = dot(s31, w3, x1, ones);
      x += 64;
    }
    const to = sums + half;
    v128.store(to, s00);
    v128.store(to, s01, 16);
    v128.store(to, s10, 64);
    v128.store(to, s11, 80);
    v128.store(to, s20, 128);
    v128.store(to, s21, 144);
    v128.store(to, s30, 192);
    v128.store(to, s31, 208);
  }
}
