/** Four values of each of four rows at `from`, turned into rows at `to`. */
// @ts-ignore: decorator
@inline
export function transpose4(from: usize, fromStride: usize, to: usize, toStride: usize): void {
  const a = v128.load(from);
  const b = v128.load(from + fromStride);
  const c = v128.load(from + 2 * fromStride);
  const d = v128.load(from + 3 * fromStride);
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const AB = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const CD = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(ab, cd, 0, 2));
  v128.store(to + toStride, v128.shuffle<i64>(ab, cd, 1, 3));
  v128.store(to + 2 * toStride, v128.shuffle<i64>(AB, CD, 0, 2));
  v128.store(to + 3 * toStride, v128.shuffle<i64>(AB, CD, 1, 3));
}
