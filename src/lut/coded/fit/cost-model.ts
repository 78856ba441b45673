import { STORED } from '../../../convert/dense-cost.js';
import type { DenseLayer } from '../../../convert/dense-layers.js';
import type { FittedCost } from '../../../convert/family-fit.js';
import type { InputSize } from '../../../convert/sizes.js';
import { outputSize } from '../../window.js';
import type { EncoderKind } from './codebooks.js';
import type { CodebookLayout } from './geometry.js';

/**
 * What the kernels take on one thread with relaxed SIMD, in nanoseconds: fitted to the least times of `npm run bench:kernels` and
 * `npx tsx bench/dense.ts relaxed` (Node 26, 3.2 GHz Zen 3). Only their ratios matter here: they decide which layers gain from lookups
 * and which geometry is worth its error. Plain SIMD takes 1.1 to 1.7 times as long for a score and 1.2 to 1.3 times as long for a table entry.
 */
export const KERNEL_NANOSECONDS = {
  /** One score: a fixed part, */
  score: 0.08,
  /** and a part for every four values of the centroid. */
  scoreStep: 0.165,
  /** One score of 3 × 3 values of one channel, for which there is a special search. */
  windowScore: 0.23,
  /** One code of the tree encoder. */
  treeCode: 0.4,
  /** One table entry added at K = 16; the cost grows with K / 16 beyond. */
  lookup: 0.0257,
  /** One activation quantized for a search. */
  quantized: 0.27,
} as const;

/**
 * What one lookup layer costs for one example.
 * @param size height and width of the input; a linear layer has 1 and its rows
 * @param sharedCodes another layer pays for the codes
 */
export function layerCost(
  layer: DenseLayer,
  layout: CodebookLayout,
  encoder: EncoderKind,
  [height, width]: InputSize,
  sharedCodes = false,
): FittedCost {
  const { inputChannels: C, outputChannels: M } = layer;
  const K = layout.geometry.centroids;
  const [outHeight, outWidth] = outputSize(layer.window, [height, width]);
  const [codeHeight, codeWidth] = outputSize(layout.encode, [height, width]);
  const positions = outHeight * outWidth;
  const codes = codeHeight * codeWidth * layout.codebooks;
  const tree = encoder === 'tree';
  const lookups = positions * layout.codebooks * layout.taps * M;
  const t = KERNEL_NANOSECONDS;
  const own = sharedCodes ? 0 : 1;
  const encoding = height * width * C * t.quantized + codes * (tree ? t.treeCode : K * scoreNanoseconds(layout));
  const encoderBytes = layout.codebooks * (tree ? 31 : K * (layout.values + 4));
  return {
    nanoseconds: lookups * Math.max(1, K / 16) * t.lookup + positions * M * STORED + own * encoding,
    tableBytes: M * layout.codebooks * K * layout.taps + 8 * M + own * encoderBytes,
    macs: 0,
    searchMacs: tree ? 0 : own * codes * layout.values * K,
    lookups,
  };
}

function scoreNanoseconds({ values, geometry, encode }: CodebookLayout): number {
  const { score, scoreStep, windowScore } = KERNEL_NANOSECONDS;
  const window = geometry.channels === 1 && encode.kernel.every((size) => size === 3);
  return window ? windowScore : score + scoreStep * Math.ceil(values / 4);
}
