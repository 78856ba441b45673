/** Bytes of `table` chosen by `index`: 0..15 choose, 128..255 give 0; other indices never occur (relaxed builds differ there). */
// @ts-ignore: decorator
@inline
export function swizzle(table: v128, index: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(table, index);
  return i8x16.swizzle(table, index);
}
