/**
 * Lookup kernels and the fields of their parameter blocks, in order. Pointers are byte addresses, strides are bytes unless a
 * name says otherwise. `offsets` tables hold one i32 per position (positions are the flattened output pixels of one image,
 * padded to a multiple of 16 by repeating the first of the last group).
 */

/** How far positions are grouped: one v128 of codes. */
export const POSITION_GROUP = 16;
/** Outputs of one shuffle tile: 4 outputs × 16 positions keep 8 accumulators alive. */
export const OUTPUT_QUAD = 4;
/** Outputs of one row that linear layers finish together: a cache line. */
export const OUTPUT_PANEL = 16;
/** Outputs of one row-read block: 64 outputs of one position keep 8 accumulators alive. */
export const OUTPUT_BLOCK = 64;
/** A code outside the image: adds nothing. */
export const OUTSIDE_CODE = 0x80;
/** A search key is score·64 + (63 − k). */
export const KEY_INDEX_BITS = 6;
/** Per-thread scratch of each of these kernels: sums i32 [64][16] and one v128 for tails, before the gathered codes. */
export const LOOK_UP_SCRATCH_BYTES = 64 * 16 * 4 + 64;

/** Fields common to the four look-up kernels and `convolveLevels`, at the same offsets so that they share one epilogue. */
const EPILOGUE = [
  /** f32 [M], f32 [M]; both padded to a multiple of 16. */
  'scale',
  'bias',
  /** f32 [images][M][positions], or 0. */
  'residual',
  /** f32 [images][M][positions], or 0. */
  'output',
  'activation',
  'low:f32',
  'high:f32',
  /** See coefficients.ts: for Gelu. */
  'coefficients',
  /** Number M of outputs. */
  'outputs',
  /** Positions of one image. */
  'positions',
  /** Padded uint8 planes of the next Encode, or 0: first inside byte, i32 [positions] offsets, strides of one channel and one image. */
  'planes',
  'planeOffsets',
  'planeStride',
  'planeBatch',
  'planeScale:f32',
  'planeZero:f32',
  /** A second set of planes for an Encode with another scale, or 0. */
  'planes2',
  'planeOffsets2',
  'planeStride2',
  'planeBatch2',
  'planeScale2:f32',
  'planeZero2:f32',
] as const;

const GATHER = [
  /** u8 codes: first inside byte of image 0, codebook 0. */
  'codes',
  /** i32 [positions] offsets of the first tap of each position's window. */
  'codeOffsets',
  'codeStride',
  'codeBatch',
  'codebooks',
  /** i32 [taps] offsets within a window. */
  'tapOffsets',
  'taps',
  /** u8 tables, biased by 128. */
  'table',
  /** A tile is (image, block of `groups` position groups, one of `chunks` ranges of outputs), outputs fastest. */
  'blocks',
  'groups',
  'chunks',
  'scratch',
  'scratchStride',
] as const;

const ENCODE = [
  /** u8 planes: byte that position offset 0, tap offset 0 of image 0, codebook 0 refers to. */
  'input',
  /** i32 [positions], i32 [4·steps]: what they add to `input`. */
  'inputOffsets',
  'tapOffsets',
  'inputStride',
  'inputBatch',
  /** u8 codes: first inside byte, i32 [positions] offsets, strides of one codebook and one image. */
  'codes',
  'codeOffsets',
  'codeStride',
  'codeBatch',
  'codebooks',
  'positions',
  /** A tile is (image, codebook, one of `chunks` ranges of `chunk` positions); `chunk` is a multiple of 16. */
  'chunks',
  'chunk',
] as const;

const SCORES = [
  /** Per codebook [quads]{ i8 [steps][4 centroids][4 taps], i32 [4] key biases }. */
  'weights',
  /** Number of centroids / 4, number of 4-tap steps. */
  'quads',
  'steps',
  /** 2^KEY_INDEX_BITS when the weights are small enough for sums of i16 pairs over all steps, else 0. */
  'unit',
] as const;

export const LOOKUP_KERNELS = {
  /** Dense f32 → padded u8 planes. A tile is one row of `width` values; `total` cuts the last. */
  quantize: ['input', 'output', 'total', 'width', 'planeRows', 'plane', 'pitch', 'scale:f32', 'zero:f32'],
  /** Centroid search where the 4 taps of a step are neighbours in memory. `tapOffsets` is i32 [steps]. */
  encodeRows: [
    ...ENCODE,
    ...SCORES,
    /** For 3×3 windows of one channel, else 0: per codebook [4·quads]{ i16 [5 pairs][2] = 64·Q, i32 key bias }. */
    'wide',
    /** Of those: bytes from one position to the next where rows of codes hold whole fours, and at most 4; else 0. */
    'distance',
  ],
  /** Centroid search for any window: taps are first gathered into scratch. */
  encodeGathered: [
    ...ENCODE,
    ...SCORES,
    'scratch',
    'scratchStride',
    /** i32 [chunk] = 4·i and i32 [steps] = 4·chunk·t: the gathered layout in the terms of encodeRows. */
    'gatheredPositions',
    'gatheredTaps',
  ],
  /** MADDNESS tree. `tapOffsets` is i32 [codebooks][4], added to `input`; `thresholds` u8 [codebooks][4 levels][16]. */
  encodeTree: [...ENCODE, 'thresholds'],
  /**
   * Shuffle, K ≤ 16. Table [output mod 4, `stream` bytes apart][quads of outputs][codebook][tap][16]. `corrections`
   * i32 [positions] are added, to remove the bias of the tables.
   */
  lookUpShufflePlanes: [...EPILOGUE, ...GATHER, 'corrections', 'stream'],
  /** The same for one position per image; positions are images and outputs are neighbours in memory. */
  lookUpShuffleRows: [...EPILOGUE, ...GATHER, 'corrections', 'stream'],
  /** int8 weights times levels: `codes` are planes, `table` the weights (assembly/lookup/dot.ts), `corrections` i32 [outputs] are added, `unit` is 1. */
  convolveLevels: [...EPILOGUE, ...GATHER, 'corrections', 'unit'],
  /** Row read, any K. Table [blocks of ≤ 64 outputs][codebook][tap][centroids][width of the block, a multiple of 16]. */
  lookUpReadPlanes: [...EPILOGUE, ...GATHER, 'centroids'],
  lookUpReadRows: [...EPILOGUE, ...GATHER, 'centroids'],
} as const satisfies Record<string, readonly string[]>;
