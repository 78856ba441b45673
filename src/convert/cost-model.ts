import type { CodebookLayout } from './geometry.js';
import { outputSize } from './geometry.js';
import type { LayerSite } from './sites.js';

/**
 * Speeds of the kernels on one thread, as measured in Chromium on one machine with relaxed SIMD. Only their ratios matter here: they
 * decide which layers gain from lookups and which geometry is worth its error.
 */
export const KERNEL_SPEEDS = {
  /** Multiply-adds of the int8 search per nanosecond. */
  searchMacs: 46,
  /** Compared values of the tree encoder per nanosecond: four compares stand for a search of 16 centroids. */
  treeCompares: 12,
  /** Table entries added per nanosecond at K = 16; the cost grows with K / 16 beyond. */
  lookups: 54,
  /** Multiply-adds of the dense float32 kernels per nanosecond. */
  denseMacs: 15,
  /** Activations quantised and packed for a search per nanosecond. */
  quantised: 8,
  /** Outputs scaled, biased and stored per nanosecond. */
  stored: 6,
} as const;

/** What one layer costs for one input (one image, or one row set of a linear layer). */
export interface LayerCost {
  /** Multiply-adds of the dense layer. */
  readonly denseMacs: number;
  /** Multiply-adds of the search; 0 for a tree. */
  readonly searchMacs: number;
  /** Table entries added. */
  readonly lookups: number;
  readonly tableBytes: number;
  /** Search weights or tree nodes. */
  readonly encoderBytes: number;
  readonly denseNanoseconds: number;
  readonly encodeNanoseconds: number;
  readonly lookupNanoseconds: number;
}

/**
 * @param height input height, 1 for a linear layer
 * @param width input width; for a linear layer the number of rows per input
 */
export function layerCost(
  site: LayerSite,
  layout: CodebookLayout,
  encoder: 'centroid' | 'tree',
  height: number,
  width: number,
): LayerCost {
  const { inputChannels: C, outputChannels: M } = site;
  const K = layout.geometry.centroids;
  const [kh, kw] = site.window.kernel;
  const [outHeight, outWidth] = outputSize(site.window, height, width);
  const [codeHeight, codeWidth] = outputSize(layout.encode, height, width);
  const positions = outHeight * outWidth;
  const codes = codeHeight * codeWidth * layout.codebooks;
  const denseMacs = positions * M * C * kh * kw;
  const searchMacs = encoder === 'tree' ? 0 : codes * layout.values * K;
  const lookups = positions * layout.codebooks * layout.taps * M;
  const store = (positions * M) / KERNEL_SPEEDS.stored;
  return {
    denseMacs,
    searchMacs,
    lookups,
    tableBytes: M * layout.codebooks * K * layout.taps + 8 * M,
    encoderBytes: layout.codebooks * (encoder === 'tree' ? 31 : K * (layout.values + 4)),
    denseNanoseconds: denseMacs / KERNEL_SPEEDS.denseMacs + store,
    encodeNanoseconds:
      (height * width * C) / KERNEL_SPEEDS.quantised +
      (encoder === 'tree' ? (codes * 4) / KERNEL_SPEEDS.treeCompares : searchMacs / KERNEL_SPEEDS.searchMacs),
    lookupNanoseconds: (lookups * Math.max(1, K / 16)) / KERNEL_SPEEDS.lookups + store,
  };
}
