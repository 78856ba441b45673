import { WIDE_BYTES } from '../gen/constants';
import * as field from '../gen/layout';
import { codesOf, inputOf } from './encode-tile';
import { search } from './search';
import { searchWindow } from './search-window';

/**
 * Finds the best centroid of every codebook and position, straight from the padded planes: the four taps of a step are
 * neighbors in memory (a window row, or four inputs of a linear layer).
 */
export function encodeSearchInPlace(p: usize, begin: i32, end: i32, thread: i32): void {
  const weights = load<usize>(p, field.ENCODE_SEARCH_WEIGHTS);
  const quads = load<i32>(p, field.ENCODE_SEARCH_QUADS);
  const steps = load<i32>(p, field.ENCODE_SEARCH_STEPS);
  const codebooks = load<i32>(p, field.ENCODE_CODEBOOKS);
  const chunks = load<i32>(p, field.ENCODE_CHUNKS);
  const chunk = load<i32>(p, field.ENCODE_CHUNK);
  const positions = load<i32>(p, field.ENCODE_POSITIONS);
  const taps = load<usize>(p, field.ENCODE_TAP_OFFSETS);
  const wide = load<usize>(p, field.ENCODE_SEARCH_IN_PLACE_WIDE);
  const unit = load<i32>(p, field.ENCODE_SEARCH_UNIT);
  const distance = load<i32>(p, field.ENCODE_SEARCH_IN_PLACE_DISTANCE);
  for (let tile = begin; tile < end; tile++) {
    const first = (tile % chunks) * chunk;
    const codebook = (tile / chunks) % codebooks;
    const image = tile / chunks / codebooks;
    const input = inputOf(p, image, codebook);
    const codes = codesOf(p, image, codebook);
    const inputOffsets = load<usize>(p, field.ENCODE_INPUT_OFFSETS) + (first << 2);
    const codeOffsets = load<usize>(p, field.ENCODE_CODE_OFFSETS) + (first << 2);
    const count = min(chunk, positions - first);
    const own = weights + codebook * (((steps + 1) * quads) << 4);
    if (wide != 0) {
      const ownWide = wide + codebook * quads * (4 * WIDE_BYTES);
      searchWindow(input, inputOffsets, taps, own, ownWide, quads, unit, distance, codes, codeOffsets, count);
    } else {
      search(input, inputOffsets, taps, own, quads, steps, unit, codes, codeOffsets, count);
    }
  }
}

/**
 * The same for windows whose taps lie apart (pixels of several channels, columns, wide strides): gathers them first.
 *
 *     scratch: u8 [steps][chunk positions][4 taps]
 */
export function encodeSearchGathered(p: usize, begin: i32, end: i32, thread: i32): void {
  const weights = load<usize>(p, field.ENCODE_SEARCH_WEIGHTS);
  const quads = load<i32>(p, field.ENCODE_SEARCH_QUADS);
  const steps = load<i32>(p, field.ENCODE_SEARCH_STEPS);
  const codebooks = load<i32>(p, field.ENCODE_CODEBOOKS);
  const chunks = load<i32>(p, field.ENCODE_CHUNKS);
  const chunk = load<i32>(p, field.ENCODE_CHUNK);
  const positions = load<i32>(p, field.ENCODE_POSITIONS);
  const tapOffsets = load<usize>(p, field.ENCODE_TAP_OFFSETS);
  const scratch = load<usize>(p, field.ENCODE_SEARCH_GATHERED_SCRATCH) + thread * load<i32>(p, field.ENCODE_SEARCH_GATHERED_SCRATCH_STRIDE);
  for (let tile = begin; tile < end; tile++) {
    const first = (tile % chunks) * chunk;
    const count = min(chunk, positions - first);
    const codebook = (tile / chunks) % codebooks;
    const image = tile / chunks / codebooks;
    const input = inputOf(p, image, codebook);
    const inputOffsets = load<usize>(p, field.ENCODE_INPUT_OFFSETS) + (first << 2);
    for (let step = 0; step < steps; step++) {
      const offsets = tapOffsets + (step << 4);
      const to = scratch + step * (chunk << 2);
      for (let q = 0; q < count; q += 16) interleave(input, inputOffsets + (q << 2), offsets, to + (q << 2));
    }
    search(
      scratch,
      load<usize>(p, field.ENCODE_SEARCH_GATHERED_GATHERED_POSITIONS),
      load<usize>(p, field.ENCODE_SEARCH_GATHERED_GATHERED_TAPS),
      weights + codebook * (((steps + 1) * quads) << 4),
      quads,
      steps,
      load<i32>(p, field.ENCODE_SEARCH_UNIT),
      codesOf(p, image, codebook),
      load<usize>(p, field.ENCODE_CODE_OFFSETS) + (first << 2),
      count,
    );
  }
}

/**
 * Four taps of 16 positions: u8 [16 positions][4 taps] at `to`..
 *
 *     tap0: a0 a1 .. a15   tap1: b0 .. b15   tap2: c0 ..   tap3: d0 ..   ─▶   a0 b0 c0 d0 | a1 b1 c1 d1 | ...
 */
// @ts-ignore: decorator
@inline
function interleave(input: usize, positions: usize, taps: usize, to: usize): void {
  const tap0 = input + load<i32>(taps);
  const tap1 = input + load<i32>(taps, 4);
  const tap2 = input + load<i32>(taps, 8);
  const tap3 = input + load<i32>(taps, 12);
  const first = load<i32>(positions);
  if (load<i32>(positions, 60) - first == 15) {
    const a = v128.load(tap0 + first);
    const b = v128.load(tap1 + first);
    const c = v128.load(tap2 + first);
    const d = v128.load(tap3 + first);
    const ab = i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const cd = i8x16.shuffle(c, d, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const AB = i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    const CD = i8x16.shuffle(c, d, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    v128.store(to, v128.shuffle<i16>(ab, cd, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(to, v128.shuffle<i16>(ab, cd, 4, 12, 5, 13, 6, 14, 7, 15), 16);
    v128.store(to, v128.shuffle<i16>(AB, CD, 0, 8, 1, 9, 2, 10, 3, 11), 32);
    v128.store(to, v128.shuffle<i16>(AB, CD, 4, 12, 5, 13, 6, 14, 7, 15), 48);
    return;
  }
  for (let q = 0; q < 16; q++) {
    const offset = load<i32>(positions + (q << 2));
    const word =
      <u32>load<u8>(tap0 + offset) |
      (<u32>load<u8>(tap1 + offset) << 8) |
      (<u32>load<u8>(tap2 + offset) << 16) |
      (<u32>load<u8>(tap3 + offset) << 24);
    store<u32>(to + (q << 2), word);
  }
}
