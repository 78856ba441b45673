/**
 * Table accumulation by byte shuffle: 16 positions in lanes, one swizzle looks one output of one codebook up for all of them.
 *
 *     gathered codes (scratch):  u8 [group][codebook][tap][16 positions]
 *     table:                     u8 [output mod 4][quad of outputs][codebook][tap][16 centroids], biased
 *
 * The four outputs of a quad are read as four streams, since one alone leaves much of the memory's speed unused.
 *
 * Bytes are summed in 16 bits, see widen.ts.
 * A code outside the image (OUTSIDE_CODE) looks 0 up, so the bias to take out is TABLE_BIAS per term inside: −`corrections[position]`.
 */
import { OUTPUT_PANEL, OUTPUT_QUAD, POSITION_GROUP, SUMS_BYTES, SUMS_SCRATCH_BYTES } from '../gen/constants';
import { transpose4 } from '../dense/transpose4';
import * as field from '../gen/layout';
import { finish } from './epilogue';
import { gather16, runLength } from './gather';
import { blockOf, firstOf, groupsOf, imageOf, scratchOf, unitOf } from './sums-tile';
import { swizzle } from './swizzle';
import { FLUSH, flush } from './widen';

/**
 * sums i32 [4 outputs][16 positions] = correction + Σ over terms.
 *
 * @param table   u8 [terms][16] of the first output; those of the others follow `stream` bytes apart
 */
function accumulate(codes: usize, table: usize, stream: usize, terms: i32, corrections: usize, sums: usize): void {
  let table1 = table + stream;
  let table2 = table1 + stream;
  let table3 = table2 + stream;
  // Where the sums so far are: nothing but the correction at first, then what was flushed.
  let from = corrections;
  let next: usize = 0;
  for (let done = 0; done < terms; done += FLUSH) {
    let even0 = i16x8.splat(0);
    let even1 = even0;
    let even2 = even0;
    let even3 = even0;
    let odd0 = even0;
    let odd1 = even0;
    let odd2 = even0;
    let odd3 = even0;
    const end = codes + (min(FLUSH, terms - done) << 4);
    while (codes < end) {
      const code = v128.load(codes);
      const r0 = swizzle(v128.load(table), code);
      const r1 = swizzle(v128.load(table1), code);
      const r2 = swizzle(v128.load(table2), code);
      const r3 = swizzle(v128.load(table3), code);
      even0 = i16x8.add(even0, r0);
      odd0 = i16x8.add(odd0, i16x8.shr_u(r0, 8));
      even1 = i16x8.add(even1, r1);
      odd1 = i16x8.add(odd1, i16x8.shr_u(r1, 8));
      even2 = i16x8.add(even2, r2);
      odd2 = i16x8.add(odd2, i16x8.shr_u(r2, 8));
      even3 = i16x8.add(even3, r3);
      odd3 = i16x8.add(odd3, i16x8.shr_u(r3, 8));
      codes += 16;
      table += 16;
      table1 += 16;
      table2 += 16;
      table3 += 16;
    }
    flush(from, sums, even0, odd0);
    flush(from + next, sums + 64, even1, odd1);
    flush(from + 2 * next, sums + 128, even2, odd2);
    flush(from + 3 * next, sums + 192, even3, odd3);
    from = sums;
    next = 64;
  }
}

/** Codes of one group for every codebook and tap. */
function gatherGroup(
  from: usize,
  stride: i32,
  codebooks: i32,
  tapOffsets: usize,
  taps: i32,
  offsets: usize,
  to: usize,
): void {
  const run = runLength(offsets);
  for (let codebook = 0; codebook < codebooks; codebook++) {
    for (let tap = 0; tap < taps; tap++) {
      gather16(from + load<i32>(tapOffsets + (tap << 2)), offsets, run, to);
      to += 16;
    }
    from += stride;
  }
}

/**
 * A tile gathers the codes of a few groups once and runs all its outputs over them; the quad of tables (terms · 64 bytes)
 * stays in the first-level cache while the groups pass.
 */
function run(p: usize, begin: i32, end: i32, thread: i32, rows: bool): void {
  const positions = load<i32>(p, field.INTEGER_SUMS_POSITIONS);
  const outputs = load<i32>(p, field.INTEGER_SUMS_OUTPUTS);
  const codebooks = load<i32>(p, field.LOOK_UP_SHUFFLE_CODEBOOKS);
  const taps = load<i32>(p, field.LOOK_UP_SHUFFLE_TAPS);
  const table = load<usize>(p, field.LOOK_UP_SHUFFLE_TABLE);
  const codeOffsets = load<usize>(p, field.LOOK_UP_SHUFFLE_CODE_OFFSETS);
  const corrections = load<usize>(p, field.LOOK_UP_SHUFFLE_CORRECTIONS);
  const stream = load<usize>(p, field.LOOK_UP_SHUFFLE_STREAM);
  const sums = scratchOf(p, thread);
  const tail = sums + SUMS_BYTES;
  const gathered = sums + SUMS_SCRATCH_BYTES;
  const terms = codebooks * taps;
  const unit = rows ? OUTPUT_PANEL : OUTPUT_QUAD;
  const panels = (outputs + unit - 1) / unit;
  let last = -1;
  for (let tile = begin; tile < end; tile++) {
    const block = blockOf(p, tile);
    const image = imageOf(p, block);
    const blockFirst = firstOf(p, block);
    const groups = groupsOf(p, blockFirst);
    if (block != last) {
      for (let g = 0; g < groups; g++) {
        gatherGroup(
          load<usize>(p, field.LOOK_UP_SHUFFLE_CODES) + image * load<i32>(p, field.LOOK_UP_SHUFFLE_CODE_BATCH),
          load<i32>(p, field.LOOK_UP_SHUFFLE_CODE_STRIDE),
          codebooks,
          load<usize>(p, field.LOOK_UP_SHUFFLE_TAP_OFFSETS),
          taps,
          codeOffsets + ((blockFirst + g * POSITION_GROUP) << 2),
          gathered + ((g * terms) << 4),
        );
      }
      last = block;
    }
    const lastPanel = unitOf(p, tile, panels, 1);
    for (let panel = unitOf(p, tile, panels, 0); panel < lastPanel; panel++) {
      const m = panel * unit;
      const count = min(unit, outputs - m);
      const panelTable = table + ((<usize>m * <usize>terms) << 2);
      for (let g = 0; g < groups; g++) {
        const first = blockFirst + g * POSITION_GROUP;
        const codes = gathered + ((g * terms) << 4);
        if (rows) {
          // Sixteen outputs at a time: whole cache lines of the result.
          for (let i = 0; i < count; i += OUTPUT_QUAD) {
            accumulate(codes, panelTable + ((<usize>i * <usize>terms) << 2), stream, terms, corrections + (first << 2), sums);
            transpose(sums, sums + ROW_SUMS + (i << 2));
          }
          finish(p, sums + ROW_SUMS, 64, min(POSITION_GROUP, positions - first), 0, m, first, true, tail);
        } else {
          accumulate(codes, panelTable, stream, terms, corrections + (first << 2), sums);
          finish(p, sums, 64, count, image, m, first, false, tail);
        }
      }
    }
  }
}

/** Where the rows of sums are: i32 [16 rows][16 outputs]. */
export const ROW_SUMS: usize = 256;

/** Turns sums i32 [4 outputs][16 rows] into [16 rows][4 outputs]; the rows at `to` are 64 bytes apart. */
export function transpose(sums: usize, to: usize): void {
  for (const end = sums + 64; sums < end; sums += 16) {
    transpose4(sums, 64, to, 64);
    to += 256;
  }
}

/** Maps: results are planes [image][output][position]. */
export function lookUpShufflePlanes(p: usize, begin: i32, end: i32, thread: i32): void {
  run(p, begin, end, thread, false);
}

/** Linear layers: results are rows [position][output]. */
export function lookUpShuffleRows(p: usize, begin: i32, end: i32, thread: i32): void {
  run(p, begin, end, thread, true);
}
