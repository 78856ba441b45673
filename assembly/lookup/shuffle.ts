/**
 * Table accumulation by byte shuffle: 16 positions in lanes, one swizzle looks one output of one codebook up for all of them.
 *
 *     gathered codes (scratch):  u8 [group][codebook][tap][16 positions]
 *     table:                     u8 [quad of outputs][codebook][tap][4 outputs][16 centroids], biased by 128
 *
 * Bytes are summed in 16 bits, see widen.ts.
 * A code outside the image is 0x80 and looks 0 up, so the bias to take out is 128 per term inside: `corrections[position]`.
 */
import * as at from '../gen/layout';
import { GATHERED, TAIL, finishPlanes, finishRows } from './epilogue';
import { gather16, runLength } from './gather';
import { swizzle } from './swizzle';
import { FLUSH, flush } from './widen';

/** sums i32 [4 outputs][16 positions] = −correction + Σ over terms. */
function accumulate(codes: usize, table: usize, terms: i32, corrections: usize, sums: usize): void {
  for (let lane = 0; lane < 64; lane += 16) {
    const start = i32x4.neg(v128.load(corrections + lane));
    v128.store(sums + lane, start);
    v128.store(sums + lane, start, 64);
    v128.store(sums + lane, start, 128);
    v128.store(sums + lane, start, 192);
  }
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
      const r1 = swizzle(v128.load(table, 16), code);
      const r2 = swizzle(v128.load(table, 32), code);
      const r3 = swizzle(v128.load(table, 48), code);
      even0 = i16x8.add(even0, r0);
      odd0 = i16x8.add(odd0, i16x8.shr_u(r0, 8));
      even1 = i16x8.add(even1, r1);
      odd1 = i16x8.add(odd1, i16x8.shr_u(r1, 8));
      even2 = i16x8.add(even2, r2);
      odd2 = i16x8.add(odd2, i16x8.shr_u(r2, 8));
      even3 = i16x8.add(even3, r3);
      odd3 = i16x8.add(odd3, i16x8.shr_u(r3, 8));
      codes += 16;
      table += 64;
    }
    flush(sums, even0, odd0);
    flush(sums + 64, even1, odd1);
    flush(sums + 128, even2, odd2);
    flush(sums + 192, even3, odd3);
  }
}

/** Codes of one group for every codebook and tap. */
function gatherGroup(from: usize, stride: i32, codebooks: i32, tapOffsets: usize, taps: i32, offsets: usize, to: usize): void {
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
// @ts-ignore: decorator
@inline
function run(p: usize, begin: i32, end: i32, thread: i32, rows: bool): void {
  const positions = load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_POSITIONS);
  const outputs = load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_OUTPUTS);
  const codebooks = load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_CODEBOOKS);
  const taps = load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_TAPS);
  const table = load<usize>(p, at.LOOK_UP_SHUFFLE_PLANES_TABLE);
  const blocks = load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_BLOCKS);
  const groupsPerBlock = load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_GROUPS);
  const chunks = load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_CHUNKS);
  const codeOffsets = load<usize>(p, at.LOOK_UP_SHUFFLE_PLANES_CODE_OFFSETS);
  const corrections = load<usize>(p, at.LOOK_UP_SHUFFLE_PLANES_CORRECTIONS);
  const sums = load<usize>(p, at.LOOK_UP_SHUFFLE_PLANES_SCRATCH) + thread * load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_SCRATCH_STRIDE);
  const gathered = sums + GATHERED;
  const terms = codebooks * taps;
  const quads = (outputs + 3) >> 2;
  const groupCount = (positions + 15) >> 4;
  let last = -1;
  for (let tile = begin; tile < end; tile++) {
    const chunk = tile % chunks;
    const block = tile / chunks;
    const image = block / blocks;
    const firstGroup = (block % blocks) * groupsPerBlock;
    const groups = min(groupsPerBlock, groupCount - firstGroup);
    if (block != last) {
      for (let g = 0; g < groups; g++) {
        gatherGroup(
          load<usize>(p, at.LOOK_UP_SHUFFLE_PLANES_CODES) + image * load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_CODE_BATCH),
          load<i32>(p, at.LOOK_UP_SHUFFLE_PLANES_CODE_STRIDE),
          codebooks,
          load<usize>(p, at.LOOK_UP_SHUFFLE_PLANES_TAP_OFFSETS),
          taps,
          codeOffsets + ((firstGroup + g) << 6),
          gathered + ((g * terms) << 4),
        );
      }
      last = block;
    }
    const lastQuad = ((chunk + 1) * quads) / chunks;
    for (let quad = (chunk * quads) / chunks; quad < lastQuad; quad++) {
      const quadTable = table + <usize>quad * (<usize>terms << 6);
      const m = quad << 2;
      for (let g = 0; g < groups; g++) {
        const group = firstGroup + g;
        accumulate(gathered + ((g * terms) << 4), quadTable, terms, corrections + (group << 6), sums);
        if (rows) {
          transpose(sums);
          finishRows(p, sums, 16, group << 4, min(16, positions - (group << 4)), m, min(4, outputs - m), sums + TAIL);
        } else {
          finishPlanes(p, sums, image, m, min(4, outputs - m), group << 4, sums + TAIL);
        }
      }
    }
  }
}

/** Turns sums i32 [4 outputs][16 rows] into [16 rows][4 outputs], in place. */
function transpose(sums: usize): void {
  // Blocks of four rows trade places along with their own transposition, so all sixteen vectors are read first.
  const a0 = v128.load(sums);
  const a1 = v128.load(sums, 16);
  const a2 = v128.load(sums, 32);
  const a3 = v128.load(sums, 48);
  const b0 = v128.load(sums, 64);
  const b1 = v128.load(sums, 80);
  const b2 = v128.load(sums, 96);
  const b3 = v128.load(sums, 112);
  const c0 = v128.load(sums, 128);
  const c1 = v128.load(sums, 144);
  const c2 = v128.load(sums, 160);
  const c3 = v128.load(sums, 176);
  const d0 = v128.load(sums, 192);
  const d1 = v128.load(sums, 208);
  const d2 = v128.load(sums, 224);
  const d3 = v128.load(sums, 240);
  transpose4(sums, a0, b0, c0, d0);
  transpose4(sums + 64, a1, b1, c1, d1);
  transpose4(sums + 128, a2, b2, c2, d2);
  transpose4(sums + 192, a3, b3, c3, d3);
}

// @ts-ignore: decorator
@inline
function transpose4(to: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const AB = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const CD = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(ab, cd, 0, 2));
  v128.store(to, v128.shuffle<i64>(ab, cd, 1, 3), 16);
  v128.store(to, v128.shuffle<i64>(AB, CD, 0, 2), 32);
  v128.store(to, v128.shuffle<i64>(AB, CD, 1, 3), 48);
}

/** Maps: results are planes [image][output][position]. */
export function lookUpShufflePlanes(p: usize, begin: i32, end: i32, thread: i32): void {
  run(p, begin, end, thread, false);
}

/** Linear layers: results are rows [position][output]. */
export function lookUpShuffleRows(p: usize, begin: i32, end: i32, thread: i32): void {
  run(p, begin, end, thread, true);
}
