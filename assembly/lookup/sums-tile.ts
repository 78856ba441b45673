// What all kernels of integer sums make of a tile: (image, block of position groups, range of outputs), outputs fastest.
import { POSITION_GROUP } from '../gen/constants';
import * as field from '../gen/layout';

/** The scratch of a thread. */
export function scratchOf(p: usize, thread: i32): usize {
  return load<usize>(p, field.INTEGER_SUMS_SCRATCH) + thread * load<i32>(p, field.INTEGER_SUMS_SCRATCH_STRIDE);
}

/** The image and its block as one number: tiles with the same one read the same positions. */
export function blockOf(p: usize, tile: i32): i32 {
  return tile / load<i32>(p, field.INTEGER_SUMS_CHUNKS);
}

export function imageOf(p: usize, block: i32): i32 {
  return block / load<i32>(p, field.INTEGER_SUMS_BLOCKS);
}

/** First position of a block. */
export function firstOf(p: usize, block: i32): i32 {
  return (block % load<i32>(p, field.INTEGER_SUMS_BLOCKS)) * load<i32>(p, field.INTEGER_SUMS_GROUPS) * POSITION_GROUP;
}

/** Number of position groups of a block that begins at position `first`. */
export function groupsOf(p: usize, first: i32): i32 {
  const rest = load<i32>(p, field.INTEGER_SUMS_POSITIONS) - first;
  return min(load<i32>(p, field.INTEGER_SUMS_GROUPS), (rest + POSITION_GROUP - 1) / POSITION_GROUP);
}

/** First of `units` of outputs in the range of a tile, or with `next` in the range after it. */
export function unitOf(p: usize, tile: i32, units: i32, next: i32): i32 {
  const chunks = load<i32>(p, field.INTEGER_SUMS_CHUNKS);
  return (((tile % chunks) + next) * units) / chunks;
}
