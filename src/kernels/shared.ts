/** What kernels share besides their lists of fields. Only scripts/build-wasm.mjs reads this, for assembly/gen/. */
import {
  ACTIVATION,
  FLOAT_EPILOGUE,
  FUNCTION,
  OPERATION,
  SOFTMAX_SCRATCH_BYTES,
  TRANSPOSE_TILE,
  WINDOW,
} from './dense.js';
import type { KernelName } from './list.js';
import * as lookup from './lookup.js';

interface Block {
  readonly fields: readonly string[];
  /** All kernels whose parameter blocks begin with these fields: the build fails when it is otherwise. */
  readonly kernels: readonly KernelName[];
}

const WINDOWS = ['depthwiseConv', 'maxPool', 'averagePool'] as const;
const SEARCHES = ['encodeSearchInPlace', 'encodeSearchGathered'] as const;
const SHUFFLES = ['lookUpShufflePlanes', 'lookUpShuffleRows'] as const;
const READS = ['lookUpReadPlanes', 'lookUpReadRows'] as const;

/** Blocks of fields with which several kernels begin: code that serves them all reads them by the constants of the block. */
export const BLOCKS: Readonly<Record<string, Block>> = {
  floatEpilogue: { fields: FLOAT_EPILOGUE, kernels: ['conv', 'matmul', ...WINDOWS] },
  window: { fields: WINDOW, kernels: WINDOWS },
  integerSums: { fields: lookup.INTEGER_SUMS, kernels: [...SHUFFLES, ...READS, 'quantizedConv'] },
  lookUpShuffle: { fields: lookup.LOOK_UP_SHUFFLE, kernels: SHUFFLES },
  lookUpRead: { fields: lookup.LOOK_UP_READ, kernels: READS },
  encode: { fields: lookup.ENCODE, kernels: [...SEARCHES, 'encodeTree'] },
  encodeSearch: { fields: lookup.ENCODE_SEARCH, kernels: SEARCHES },
};

const { POSITION_GROUP, OUTPUT_QUAD, OUTPUT_PANEL, OUTPUT_BLOCK, OUTSIDE_CODE, TABLE_BIAS } = lookup;
const { KEY_INDEX_BITS, WIDE_BYTES, SUMS_BYTES, SUMS_SCRATCH_BYTES } = lookup;

/** Numbers and enums that planning and the kernels must agree on: `ACTIVATION.leakyRelu` is `ACTIVATION_LEAKY_RELU` there. */
export const CONSTANTS: Readonly<Record<string, number | Readonly<Record<string, number>>>> = {
  ...{ ACTIVATION, FUNCTION, OPERATION, TRANSPOSE_TILE, SOFTMAX_SCRATCH_BYTES },
  ...{ POSITION_GROUP, OUTPUT_QUAD, OUTPUT_PANEL, OUTPUT_BLOCK, OUTSIDE_CODE, TABLE_BIAS },
  ...{ KEY_INDEX_BITS, WIDE_BYTES, SUMS_BYTES, SUMS_SCRATCH_BYTES },
};
