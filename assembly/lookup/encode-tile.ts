// What all encoders make of a tile: (image, codebook, chunk of positions), chunks fastest.
import * as field from '../gen/layout';

/** Where a codebook of an image reads its planes, at offset 0. */
// @ts-ignore: decorator
@inline
export function inputOf(p: usize, image: i32, codebook: i32): usize {
  return (
    load<usize>(p, field.ENCODE_INPUT) +
    image * load<i32>(p, field.ENCODE_INPUT_BATCH) +
    codebook * load<i32>(p, field.ENCODE_INPUT_STRIDE)
  );
}

/** Where it stores its codes, at offset 0. */
// @ts-ignore: decorator
@inline
export function codesOf(p: usize, image: i32, codebook: i32): usize {
  return (
    load<usize>(p, field.ENCODE_CODES) +
    image * load<i32>(p, field.ENCODE_CODE_BATCH) +
    codebook * load<i32>(p, field.ENCODE_CODE_STRIDE)
  );
}
