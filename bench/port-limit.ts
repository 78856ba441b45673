/**
 * The fewest cycles that a lookup layer can take on a processor with four ports for 128-bit vector instructions (AMD Zen; others are
 * close), if nothing but the arithmetic of the inner loops had to be issued. docs/benchmark.md derives the counts.
 */
export interface LayerCounts {
  /** Output positions, all rows of the batch. */
  readonly positions: number;
  readonly codebooks: number;
  /** Values per codebook. */
  readonly values: number;
  readonly centroids: number;
  readonly outputs: number;
  /** Lookup positions per codebook: 1 where the window covers the kernel. */
  readonly taps: number;
  readonly tree: boolean;
}

const VECTOR_PORTS = 4;
const LANES = 16;
/** Four steps, each: load and select the compared bytes, pick the thresholds, compare, extend the code. */
const TREE_INSTRUCTIONS = 16;

export function portLimitCycles(layer: LayerCounts): number {
  const { positions, codebooks, values, centroids, outputs, taps, tree } = layer;
  const codes = positions * codebooks;
  // Four scores: byte products of four values each, their sums, one product that adds pairs, one addition of the bias, one maximum.
  const search = tree
    ? (codes / LANES) * TREE_INSTRUCTIONS
    : ((codes * centroids) / 4) * (2 * Math.ceil(values / 4) + 2);
  // 16 lookups: a shuffle per 16 centroids, an or between two of those, and the sums of even and odd bytes: add, shift, add.
  const shuffles = Math.ceil(centroids / LANES);
  const sums = ((codes * taps * outputs) / LANES) * (2 * shuffles - 1 + 3);
  return (search + sums) / VECTOR_PORTS;
}

/** The same for products of bytes: 16 are a product that adds pairs, one that adds pairs of pairs, and an addition. */
export function productCycles(multiplyAdds: number): number {
  return ((multiplyAdds / LANES) * 3) / VECTOR_PORTS;
}
