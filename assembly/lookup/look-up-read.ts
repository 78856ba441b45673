/**
 * Table accumulation by row read: outputs in lanes, a code is the address of a row of results. Any number of centroids, no
 * position wasted: for K > 16, small maps and single rows.
 *
 *     table:  u8 [blocks of ≤ 64 outputs][codebook][tap][centroids][width of the block], biased by 128
 *     rows:   i32 [terms inside the image] = (codebook·taps + tap)·centroids + code, in scratch, shared by all blocks
 *
 * Sums widen as in widen.ts; the bias to take out is 128 per listed row.
 */
import { OUTPUT_BLOCK, OUTSIDE_CODE, POSITION_GROUP, SUMS_BYTES, SUMS_SCRATCH_BYTES, TABLE_BIAS } from '../gen/constants';
import * as field from '../gen/layout';
import { finish } from './epilogue';
import { blockOf, firstOf, imageOf, scratchOf, unitOf } from './sums-tile';
import { FLUSH, flush } from './widen';

/** Lists the table rows of one position; returns their number. */
function listRows(from: usize, stride: i32, codebooks: i32, tapOffsets: usize, taps: i32, centroids: i32, to: usize): i32 {
  const start = to;
  let row = 0;
  for (let codebook = 0; codebook < codebooks; codebook++) {
    for (let tap = 0; tap < taps; tap++) {
      const code = <i32>load<u8>(from + load<i32>(tapOffsets + (tap << 2)));
      store<i32>(to, row + code);
      // A code outside the image is overwritten by the next.
      to += code < OUTSIDE_CODE ? 4 : 0;
      row += centroids;
    }
    from += stride;
  }
  return <i32>((to - start) >> 2);
}

/** sums i32 [width ≤ 64] of one position and block. */
function accumulate(rows: usize, count: i32, table: usize, width: i32, sums: usize): void {
  const start = i32x4.splat(-TABLE_BIAS * count);
  for (let lane = 0; lane < width << 2; lane += 16) v128.store(sums + lane, start);
  for (let done = 0; done < count; done += FLUSH) {
    const first = rows + (done << 2);
    const end = first + (min(FLUSH, count - done) << 2);
    if (width == 64) {
      let even0 = i16x8.splat(0);
      let even1 = even0;
      let even2 = even0;
      let even3 = even0;
      let odd0 = even0;
      let odd1 = even0;
      let odd2 = even0;
      let odd3 = even0;
      for (let row = first; row < end; row += 4) {
        const at = table + (<usize>load<u32>(row) << 6);
        const r0 = v128.load(at);
        const r1 = v128.load(at, 16);
        const r2 = v128.load(at, 32);
        const r3 = v128.load(at, 48);
        even0 = i16x8.add(even0, r0);
        odd0 = i16x8.add(odd0, i16x8.shr_u(r0, 8));
        even1 = i16x8.add(even1, r1);
        odd1 = i16x8.add(odd1, i16x8.shr_u(r1, 8));
        even2 = i16x8.add(even2, r2);
        odd2 = i16x8.add(odd2, i16x8.shr_u(r2, 8));
        even3 = i16x8.add(even3, r3);
        odd3 = i16x8.add(odd3, i16x8.shr_u(r3, 8));
      }
      flush(sums, sums, even0, odd0);
      flush(sums + 64, sums + 64, even1, odd1);
      flush(sums + 128, sums + 128, even2, odd2);
      flush(sums + 192, sums + 192, even3, odd3);
    } else {
      for (let lane = 0; lane < width; lane += 16) {
        let even = i16x8.splat(0);
        let odd = even;
        for (let row = first; row < end; row += 4) {
          const r = v128.load(table + <usize>load<u32>(row) * width + lane);
          even = i16x8.add(even, r);
          odd = i16x8.add(odd, i16x8.shr_u(r, 8));
        }
        flush(sums + (lane << 2), sums + (lane << 2), even, odd);
      }
    }
  }
}

/**
 *     scratch: sums i32 [64 outputs][16 positions] | tail [16] | one position's sums i32 [64] | per position: count, rows i32 [terms]
 */
function run(p: usize, begin: i32, end: i32, thread: i32, rows: bool): void {
  const positions = load<i32>(p, field.INTEGER_SUMS_POSITIONS);
  const outputs = load<i32>(p, field.INTEGER_SUMS_OUTPUTS);
  const codebooks = load<i32>(p, field.LOOK_UP_READ_CODEBOOKS);
  const taps = load<i32>(p, field.LOOK_UP_READ_TAPS);
  const centroids = load<i32>(p, field.LOOK_UP_READ_CENTROIDS);
  const table = load<usize>(p, field.LOOK_UP_READ_TABLE);
  const codeOffsets = load<usize>(p, field.LOOK_UP_READ_CODE_OFFSETS);
  const codeStride = load<i32>(p, field.LOOK_UP_READ_CODE_STRIDE);
  const tapOffsets = load<usize>(p, field.LOOK_UP_READ_TAP_OFFSETS);
  const scratch = scratchOf(p, thread);
  const tail = scratch + SUMS_BYTES;
  const single = scratch + SUMS_SCRATCH_BYTES;
  const lists = single + (OUTPUT_BLOCK << 2);
  const terms = codebooks * taps;
  const listBytes = (terms + 2) << 2;
  const outputBlocks = <i32>(<u32>(outputs + OUTPUT_BLOCK - 1) / OUTPUT_BLOCK);
  let last = -1;
  for (let tile = begin; tile < end; tile++) {
    const block = blockOf(p, tile);
    const image = imageOf(p, block);
    const first = firstOf(p, block);
    const count = min(POSITION_GROUP, positions - first);
    if (block != last) {
      for (let q = 0; q < count; q++) {
        const list = lists + q * listBytes;
        const from =
          load<usize>(p, field.LOOK_UP_READ_CODES) +
          image * load<i32>(p, field.LOOK_UP_READ_CODE_BATCH) +
          load<i32>(codeOffsets + ((first + q) << 2));
        store<i32>(list, listRows(from, codeStride, codebooks, tapOffsets, taps, centroids, list + 4));
      }
      last = block;
    }
    const lastBlock = unitOf(p, tile, outputBlocks, 1);
    for (let ob = unitOf(p, tile, outputBlocks, 0); ob < lastBlock; ob++) {
      const m = ob * OUTPUT_BLOCK;
      const valid = min(OUTPUT_BLOCK, outputs - m);
      const width = (valid + 15) & ~15;
      const blockTable = table + <usize>terms * <usize>centroids * <usize>m;
      for (let q = 0; q < count; q++) {
        const list = lists + q * listBytes;
        accumulate(list + 4, load<i32>(list), blockTable, width, single);
        if (rows) {
          for (let i = 0; i < valid; i += 16) {
            finish(p, single + (i << 2), 64, 1, 0, m + i, first + q, true, tail);
          }
        } else {
          for (let i = 0; i < valid; i += 4) spread(v128.load(single + (i << 2)), scratch + (i << 6) + (q << 2));
        }
      }
      if (!rows) finish(p, scratch, 64, valid, image, m, first, false, tail);
    }
  }
}

/** Four outputs of one position into sums [output][16 positions]. */
// @ts-ignore: decorator
@inline
function spread(four: v128, to: usize): void {
  store<i32>(to, i32x4.extract_lane(four, 0));
  store<i32>(to, i32x4.extract_lane(four, 1), 64);
  store<i32>(to, i32x4.extract_lane(four, 2), 128);
  store<i32>(to, i32x4.extract_lane(four, 3), 192);
}

/** Maps: results are planes [image][output][position]. */
export function lookUpReadPlanes(p: usize, begin: i32, end: i32, thread: i32): void {
  run(p, begin, end, thread, false);
}

/** Linear layers: results are rows [position][output]. */
export function lookUpReadRows(p: usize, begin: i32, end: i32, thread: i32): void {
  run(p, begin, end, thread, true);
}
