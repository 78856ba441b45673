/** Something that needs a place from step `first` to step `last`, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface Placement {
  /** Byte offset of every lifetime, in the order given. */
  readonly offsets: readonly number[];
  /** Bytes of the whole arena. */
  readonly bytes: number;
}

/** Bytes of a cache line: what the scratch of each thread is aligned to. */
export const CACHE_LINE = 64;

/** Rounds up to a multiple of `alignment`, a power of two. Exact for all safe integers, unlike bit operations. */
export function align(bytes: number, alignment: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/**
 * Places buffers so that no two that are alive together overlap: greedy by size, each into the smallest gap that holds it
 * (Pisarchyk & Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020, §5.2).
 *
 * @param alignment Every offset is a multiple of it, a power of two.
 */
export function assignOffsets(lifetimes: readonly Lifetime[], alignment: number): Placement {
  const offsets = new Array<number>(lifetimes.length).fill(0);
  const order = lifetimes.map((_, index) => index).sort((a, b) => lifetimes[b]!.bytes - lifetimes[a]!.bytes);
  /** Indices placed so far, by ascending offset. */
  const placed: number[] = [];
  let total = 0;
  for (const index of order) {
    const { bytes, first, last } = lifetimes[index]!;
    const size = align(bytes, alignment);
    if (size === 0) continue;
    let end = 0;
    let best = -1;
    let bestGap = Number.POSITIVE_INFINITY;
    for (const other of placed) {
      const neighbor = lifetimes[other]!;
      if (neighbor.first > last || neighbor.last < first) continue;
      const gap = offsets[other]! - end;
      if (gap >= size && gap < bestGap) {
        best = end;
        bestGap = gap;
      }
      end = Math.max(end, offsets[other]! + align(neighbor.bytes, alignment));
    }
    const offset = best < 0 ? end : best;
    offsets[index] = offset;
    total = Math.max(total, offset + size);
    const position = placed.findIndex((other) => offsets[other]! > offset);
    placed.splice(position < 0 ? placed.length : position, 0, index);
  }
  return { offsets, bytes: total };
}
