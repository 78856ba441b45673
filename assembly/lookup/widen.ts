/**
 * Widening without unpacking: see 16 looked-up bytes r as 8 u16 lanes; even += r; odd += r >> 8. Then the sum of the odd bytes
 * is `odd` and that of the even ones `even − (odd << 8)` mod 2^16, exact for up to 257 terms of 255.
 */

/** Terms after which the 16-bit sums go to i32. */
// @ts-ignore: decorator
@inline
export const FLUSH: i32 = 256;

/** Stores i32 [16] at `to`: those at `from` and the 16-bit sums of even and odd bytes. */
// @ts-ignore: decorator
@inline
export function flush(from: usize, to: usize, even: v128, odd: v128): void {
  const e = i16x8.sub(even, i16x8.shl(odd, 8));
  const low = i16x8.shuffle(e, odd, 0, 8, 1, 9, 2, 10, 3, 11);
  const high = i16x8.shuffle(e, odd, 4, 12, 5, 13, 6, 14, 7, 15);
  v128.store(to, i32x4.add(v128.load(from), i32x4.extend_low_i16x8_u(low)));
  v128.store(to, i32x4.add(v128.load(from, 16), i32x4.extend_high_i16x8_u(low)), 16);
  v128.store(to, i32x4.add(v128.load(from, 32), i32x4.extend_low_i16x8_u(high)), 32);
  v128.store(to, i32x4.add(v128.load(from, 48), i32x4.extend_high_i16x8_u(high)), 48);
}
