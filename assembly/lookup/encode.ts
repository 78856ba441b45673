import * as at from '../gen/layout';
import { search } from './search';
import { searchWindow } from './search-window';

/**
 * Finds the best centroid of every codebook and position, straight from the padded planes: the four taps of a step are
 * neighbours in memory (a window row, or four inputs of a linear layer).
 *
 *     tile = (image, codebook, chunk of positions), chunks fastest
 */
export function encodeRows(p: usize, begin: i32, end: i32, thread: i32): void {
  const weights = load<usize>(p, at.ENCODE_ROWS_WEIGHTS);
  const quads = load<i32>(p, at.ENCODE_ROWS_QUADS);
  const steps = load<i32>(p, at.ENCODE_ROWS_STEPS);
  const codebooks = load<i32>(p, at.ENCODE_ROWS_CODEBOOKS);
  const chunks = load<i32>(p, at.ENCODE_ROWS_CHUNKS);
  const chunk = load<i32>(p, at.ENCODE_ROWS_CHUNK);
  const positions = load<i32>(p, at.ENCODE_ROWS_POSITIONS);
  const taps = load<usize>(p, at.ENCODE_ROWS_TAP_OFFSETS);
  const wide = load<usize>(p, at.ENCODE_ROWS_WIDE);
  const unit = load<i32>(p, at.ENCODE_ROWS_UNIT);
  const distance = load<i32>(p, at.ENCODE_ROWS_DISTANCE);
  for (let tile = begin; tile < end; tile++) {
    const first = (tile % chunks) * chunk;
    const codebook = (tile / chunks) % codebooks;
    const image = tile / chunks / codebooks;
    const input =
      load<usize>(p, at.ENCODE_ROWS_INPUT) +
      image * load<i32>(p, at.ENCODE_ROWS_INPUT_BATCH) +
      codebook * load<i32>(p, at.ENCODE_ROWS_INPUT_STRIDE);
    const codes =
      load<usize>(p, at.ENCODE_ROWS_CODES) +
      image * load<i32>(p, at.ENCODE_ROWS_CODE_BATCH) +
      codebook * load<i32>(p, at.ENCODE_ROWS_CODE_STRIDE);
    const inputOffsets = load<usize>(p, at.ENCODE_ROWS_INPUT_OFFSETS) + (first << 2);
    const codeOffsets = load<usize>(p, at.ENCODE_ROWS_CODE_OFFSETS) + (first << 2);
    const count = min(chunk, positions - first);
    const own = weights + codebook * (((steps + 1) * quads) << 4);
    if (wide != 0) {
      const ownWide = wide + codebook * quads * 96;
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
export function encodeGathered(p: usize, begin: i32, end: i32, thread: i32): void {
  const weights = load<usize>(p, at.ENCODE_GATHERED_WEIGHTS);
  const quads = load<i32>(p, at.ENCODE_GATHERED_QUADS);
  const steps = load<i32>(p, at.ENCODE_GATHERED_STEPS);
  const codebooks = load<i32>(p, at.ENCODE_GATHERED_CODEBOOKS);
  const chunks = load<i32>(p, at.ENCODE_GATHERED_CHUNKS);
  const chunk = load<i32>(p, at.ENCODE_GATHERED_CHUNK);
  const positions = load<i32>(p, at.ENCODE_GATHERED_POSITIONS);
  const tapOffsets = load<usize>(p, at.ENCODE_GATHERED_TAP_OFFSETS);
  const scratch = load<usize>(p, at.ENCODE_GATHERED_SCRATCH) + thread * load<i32>(p, at.ENCODE_GATHERED_SCRATCH_STRIDE);
  for (let tile = begin; tile < end; tile++) {
    const first = (tile % chunks) * chunk;
    const count = min(chunk, positions - first);
    const codebook = (tile / chunks) % codebooks;
    const image = tile / chunks / codebooks;
    const input =
      load<usize>(p, at.ENCODE_GATHERED_INPUT) +
      image * load<i32>(p, at.ENCODE_GATHERED_INPUT_BATCH) +
      codebook * load<i32>(p, at.ENCODE_GATHERED_INPUT_STRIDE);
    const inputOffsets = load<usize>(p, at.ENCODE_GATHERED_INPUT_OFFSETS) + (first << 2);
    for (let step = 0; step < steps; step++) {
      const offsets = tapOffsets + (step << 4);
      const to = scratch + step * (chunk << 2);
      for (let q = 0; q < count; q += 16) interleave(input, inputOffsets + (q << 2), offsets, to + (q << 2));
    }
    search(
      scratch,
      load<usize>(p, at.ENCODE_GATHERED_GATHERED_POSITIONS),
      load<usize>(p, at.ENCODE_GATHERED_GATHERED_TAPS),
      weights + codebook * (((steps + 1) * quads) << 4),
      quads,
      steps,
      load<i32>(p, at.ENCODE_GATHERED_UNIT),
      load<usize>(p, at.ENCODE_GATHERED_CODES) +
        image * load<i32>(p, at.ENCODE_GATHERED_CODE_BATCH) +
        codebook * load<i32>(p, at.ENCODE_GATHERED_CODE_STRIDE),
      load<usize>(p, at.ENCODE_GATHERED_CODE_OFFSETS) + (first << 2),
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
