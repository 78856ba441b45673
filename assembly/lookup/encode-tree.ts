import * as field from '../gen/layout';
import { codesOf, inputOf } from './encode-tile';
import { gather16, runLength } from './gather';
import { swizzle } from './swizzle';

/** One level for 16 positions: code ← 2·code + (value > threshold[code]). */
// @ts-ignore: decorator
@inline
function descend(code: v128, values: v128, thresholds: usize): v128 {
  // Comparison gives −1, so that subtracting it adds the new bit.
  return i8x16.sub(i8x16.add(code, code), i8x16.gt_u(values, swizzle(v128.load(thresholds), code)));
}

/**
 * The decision tree of MADDNESS (Blalock & Guttag 2021, §4.1): four comparisons per code, whatever the window.
 *
 *     lanes = 16 positions; thresholds of a codebook: u8 [4 levels][16], level l uses entries 0 .. 2^l − 1
 */
export function encodeTree(p: usize, begin: i32, end: i32, thread: i32): void {
  const codebooks = load<i32>(p, field.ENCODE_CODEBOOKS);
  const chunks = load<i32>(p, field.ENCODE_CHUNKS);
  const chunk = load<i32>(p, field.ENCODE_CHUNK);
  const positions = load<i32>(p, field.ENCODE_POSITIONS);
  for (let tile = begin; tile < end; tile++) {
    const first = (tile % chunks) * chunk;
    const last = min(first + chunk, positions);
    const codebook = (tile / chunks) % codebooks;
    const image = tile / chunks / codebooks;
    const input = inputOf(p, image, codebook);
    const codes = codesOf(p, image, codebook);
    const features = load<usize>(p, field.ENCODE_TAP_OFFSETS) + (codebook << 4);
    const thresholds = load<usize>(p, field.ENCODE_TREE_THRESHOLDS) + (codebook << 6);
    for (let q = first; q < last; q += 16) {
      const offsets = load<usize>(p, field.ENCODE_INPUT_OFFSETS) + (q << 2);
      const codeOffsets = load<usize>(p, field.ENCODE_CODE_OFFSETS) + (q << 2);
      const run = runLength(offsets);
      let code = i8x16.splat(0);
      code = descend(code, values16(input + load<i32>(features), offsets, run), thresholds);
      code = descend(code, values16(input + load<i32>(features, 4), offsets, run), thresholds + 16);
      code = descend(code, values16(input + load<i32>(features, 8), offsets, run), thresholds + 32);
      code = descend(code, values16(input + load<i32>(features, 12), offsets, run), thresholds + 48);
      scatter(code, codes, codeOffsets, min(16, last - q));
    }
  }
}

/** The byte at `from + offsets[q]` in lane q. */
// @ts-ignore: decorator
@inline
function values16(from: usize, offsets: usize, run: i32): v128 {
  if (run == 16) return v128.load(from + load<i32>(offsets));
  let values = v128.load8_splat(from + load<i32>(offsets));
  values = v128.load8_lane(from + load<i32>(offsets, 4), values, 1);
  values = v128.load8_lane(from + load<i32>(offsets, 8), values, 2);
  values = v128.load8_lane(from + load<i32>(offsets, 12), values, 3);
  values = v128.load8_lane(from + load<i32>(offsets, 16), values, 4);
  values = v128.load8_lane(from + load<i32>(offsets, 20), values, 5);
  values = v128.load8_lane(from + load<i32>(offsets, 24), values, 6);
  values = v128.load8_lane(from + load<i32>(offsets, 28), values, 7);
  values = v128.load8_lane(from + load<i32>(offsets, 32), values, 8);
  values = v128.load8_lane(from + load<i32>(offsets, 36), values, 9);
  values = v128.load8_lane(from + load<i32>(offsets, 40), values, 10);
  values = v128.load8_lane(from + load<i32>(offsets, 44), values, 11);
  values = v128.load8_lane(from + load<i32>(offsets, 48), values, 12);
  values = v128.load8_lane(from + load<i32>(offsets, 52), values, 13);
  values = v128.load8_lane(from + load<i32>(offsets, 56), values, 14);
  return v128.load8_lane(from + load<i32>(offsets, 60), values, 15);
}

/** The first `valid` lanes to `to + offsets[q]`. */
function scatter(bytes: v128, to: usize, offsets: usize, valid: i32): void {
  if (valid == 16 && runLength(offsets) == 16) {
    v128.store(to + load<i32>(offsets), bytes);
    return;
  }
  let low = i64x2.extract_lane(bytes, 0);
  const high = i64x2.extract_lane(bytes, 1);
  for (let q = 0; q < valid; q++) {
    if (q == 8) low = high;
    store<u8>(to + load<i32>(offsets + (q << 2)), <u8>low);
    low >>= 8;
  }
}
