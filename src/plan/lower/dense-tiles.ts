/** How a layer is cut into tiles. Block counts are per image and group (convolution) or per matrix. */
export interface Tiling {
  /** Multiple of 8. */
  readonly positionsPerTile: number;
  readonly positionBlocks: number;
  /** Multiple of 4. */
  readonly outputsPerTile: number;
  readonly outputBlocks: number;
}

/** Packed positions of a tile should stay in the second-level cache. */
const PATCH_BYTES = 320 * 1024;
const POSITIONS = [64, 48, 32, 24, 16, 8];

/**
 * Chooses the cut with the smallest estimated time of the busiest thread, in processor cycles. Wider tiles read the weights less
 * often; more tiles spread better over threads; splitting outputs repeats the gathering of patches. Results do not depend on it.
 *
 * @param images Independent products of this shape (batch × groups).
 * @param depth Values per sum.
 */
export function chooseTiling(
  images: number,
  positions: number,
  outputs: number,
  depth: number,
  threads: number,
): Tiling {
  let best: Tiling | undefined;
  let bestCycles = Infinity;
  for (const wide of POSITIONS) {
    if (wide > 8 && (wide * depth * 4 > PATCH_BYTES || wide >= positions + 8)) continue;
    const positionBlocks = Math.ceil(positions / wide);
    for (let split = 1; split <= (threads > 1 ? 4 * threads : 1); split++) {
      const outputsPerTile = Math.ceil(outputs / split / 4) * 4;
      const outputBlocks = Math.ceil(outputs / outputsPerTile);
      if (outputBlocks !== split) continue;
      const width = Math.min(wide, Math.ceil(positions / 4) * 4);
      const gather = depth * (6 + width / 2);
      const products = (outputsPerTile * depth * width) / 6;
      const weights = (outputsPerTile * depth) / 8;
      const perOutput = outputsPerTile * (20 + width);
      const tiles = images * positionBlocks * outputBlocks;
      const cycles = Math.ceil(tiles / threads) * (500 + gather + products + weights + perOutput);
      if (cycles < bestCycles) {
        bestCycles = cycles;
        best = { positionsPerTile: wide, positionBlocks, outputsPerTile, outputBlocks };
      }
    }
  }
  return best!;
}
