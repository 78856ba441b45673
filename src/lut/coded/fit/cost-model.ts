import { READ_BYTE, STORED } from '../../../convert/dense-cost.js';
import type { DenseLayer } from '../../../convert/dense-layers.js';
import type { FittedCost } from '../../../convert/family-fit.js';
import type { InputSize } from '../../../convert/sizes.js';
import { outputSize } from '../../window.js';
import type { EncoderKind } from './codebooks.js';
import type { CodebookLayout } from './geometry.js';

/**
 * What the kernels take on one thread with relaxed SIMD, in nanoseconds: fitted to the least times of `bench/forms.ts` (Node 20, Xeon).
 * Only their ratios matter here: they decide which layers gain from lookups and which geometry is worth its error.
 */
export const KERNEL_NANOSECONDS = {
  /** One score: a fixed part, */
  score: 0.1,
  /** and a part for every four values of the centroid. */
  scoreStep: 0.2,
  /** One score of 3 × 3 values of one channel, for which there is a special search. */
  windowScore: 0.4,
  /** One code of the tree encoder (`npm run bench:kernels`, Zen 3). */
  treeCode: 0.4,
  /** One table entry added at K ≤ 16, by a shuffle. */
  lookup: 0.03,
  /** One table entry added at K > 16, where rows are read: a part of its own, */
  read: 0.018,
  /** and its part of what a row costs. */
  readRow: 1.1,
  /** One activation quantized for a search. */
  quantized: 0.27,
} as const;
/** Rows of tables are not read in order, which costs more than {@link READ_BYTE}. */
const READ_ROWS_BYTE = 0.1;

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
  const shuffled = K <= 16;
  const tableBytes = M * layout.codebooks * K * layout.taps;
  const adding = lookups * (shuffled ? t.lookup : t.read + t.readRow / M);
  const reading = tableBytes * (shuffled ? READ_BYTE : READ_ROWS_BYTE);
  const encoderBytes = layout.codebooks * (tree ? 31 : K * (layout.values + 4));
  return {
    nanoseconds: adding + reading + positions * M * STORED + own * encoding,
    tableBytes: tableBytes + 8 * M + own * encoderBytes,
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
