// What all encoders make of a tile: (image, codebook, chunk of positions), chunks fastest.
import * as field from '../gen/layout';

/** First position of a tile. */
export function firstOf(p: usize, tile: i32): i32 {
  return (tile % load<i32>(p, field.ENCODE_CHUNKS)) * load<i32>(p, field.ENCODE_CHUNK);
}

/** Number of positions of a tile that begins at position `first`. */
export function countOf(p: usize, first: i32): i32 {
  return min(load<i32>(p, field.ENCODE_CHUNK), load<i32>(p, field.ENCODE_POSITIONS) - first);
}

export function codebookOf(p: usize, tile: i32): i32 {
  return (tile / load<i32>(p, field.ENCODE_CHUNKS)) % load<i32>(p, field.ENCODE_CODEBOOKS);
}

function imageOf(p: usize, tile: i32): i32 {
  return tile / load<i32>(p, field.ENCODE_CHUNKS) / load<i32>(p, field.ENCODE_CODEBOOKS);
}

/** Where a tile reads its planes, at offset 0. */
export function inputOf(p: usize, tile: i32): usize {
  return (
    load<usize>(p, field.ENCODE_INPUT) +
    imageOf(p, tile) * load<i32>(p, field.ENCODE_INPUT_BATCH) +
    codebookOf(p, tile) * load<i32>(p, field.ENCODE_INPUT_STRIDE)
  );
}

/** Where a tile stores its codes, at offset 0. */
export function codesOf(p: usize, tile: i32): usize {
  return (
    load<usize>(p, field.ENCODE_CODES) +
    imageOf(p, tile) * load<i32>(p, field.ENCODE_CODE_BATCH) +
    codebookOf(p, tile) * load<i32>(p, field.ENCODE_CODE_STRIDE)
  );
}
