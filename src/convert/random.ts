/** A source of uniform numbers in [0, 1). Seeded, so that a conversion can be repeated exactly. */
export type Random = () => number;

/** mulberry32: 32 bits of state, the same sequence on every engine. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** `count` different integers below `total` in ascending order (all of them when `count >= total`). */
export function sampleIndices(total: number, count: number, random: Random): Uint32Array {
  if (count >= total) return Uint32Array.from({ length: total }, (_, i) => i);
  // Selection sampling (Knuth, TAOCP 2, 3.4.2 S): one pass, already sorted.
  const chosen = new Uint32Array(count);
  let taken = 0;
  for (let i = 0; taken < count; i++) {
    if (random() * (total - i) < count - taken) chosen[taken++] = i;
  }
  return chosen;
}
