/**
 * Collects one byte per position from `from + offsets[0..15]` into 16 neighboring bytes at `to`. Most maps give whole runs:
 * 16 neighbors when rows are long, 4 when the width is a multiple of 4.
 */
// @ts-ignore: decorator
@inline
export function gather16(from: usize, offsets: usize, run: i32, to: usize): void {
  if (run == 16) {
    v128.store(to, v128.load(from + load<i32>(offsets)));
    return;
  }
  if (run == 4) {
    store<u32>(to, load<u32>(from + load<i32>(offsets)));
    store<u32>(to, load<u32>(from + load<i32>(offsets, 16)), 4);
    store<u32>(to, load<u32>(from + load<i32>(offsets, 32)), 8);
    store<u32>(to, load<u32>(from + load<i32>(offsets, 48)), 12);
    return;
  }
  for (let q = 0; q < 16; q++) store<u8>(to + q, load<u8>(from + load<i32>(offsets + (q << 2))));
}

/** Length of the runs of neighbors among 16 offsets: 16, 4 or 1. */
export function runLength(offsets: usize): i32 {
  if (load<i32>(offsets, 60) - load<i32>(offsets) == 15) return 16;
  for (let q = 0; q < 64; q += 16) {
    if (load<i32>(offsets + q, 12) - load<i32>(offsets + q) != 3) return 1;
  }
  return 4;
}

/** Stores lane q of `bytes` at `to + offsets[q]`, for the first `valid` lanes. */
// @ts-ignore: decorator
@inline
export function scatter16(bytes: v128, to: usize, offsets: usize, valid: i32): void {
  if (load<i32>(offsets, 60) - load<i32>(offsets) == 15) v128.store(to + load<i32>(offsets), bytes);
  else scatterRuns(bytes, to, offsets, valid);
}

function scatterRuns(bytes: v128, to: usize, offsets: usize, valid: i32): void {
  if (runLength(offsets) == 4) {
    v128.store32_lane(to + load<i32>(offsets), bytes, 0);
    v128.store32_lane(to + load<i32>(offsets, 16), bytes, 1);
    v128.store32_lane(to + load<i32>(offsets, 32), bytes, 2);
    v128.store32_lane(to + load<i32>(offsets, 48), bytes, 3);
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
