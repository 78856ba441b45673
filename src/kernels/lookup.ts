/**
 * Kernels of the `lutra` operators and the fields of their parameter blocks, in order. Sources: assembly/lookup/. Pointers are byte addresses, strides are bytes unless a
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
/** What packing adds to the entries of tables, so that they are u8. */
export const TABLE_BIAS = 128;
/** A search key is score·64 + (63 − k). */
export const KEY_INDEX_BITS = 6;
/** A centroid in the table `wide`: ten i16 and the key bias. */
export const WIDE_BYTES = 24;
/** Per-thread scratch of each kernel with an integer epilogue: sums i32 [64][16] and one i32 [16] for tails, before what it gathers. */
export const SUMS_BYTES = OUTPUT_BLOCK * POSITION_GROUP * 4;
export const SUMS_SCRATCH_BYTES = SUMS_BYTES + POSITION_GROUP * 4;

/** What kernels of integer sums begin with: their epilogue y = activation(float(sum)·scale + bias + residual), and their tiles. */
export const INTEGER_SUMS = [
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
  /** Those of coefficients.ts where the activation is Gelu, else 0. */
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
  /** A tile is (image, block of `groups` position groups, one of `chunks` ranges of outputs), outputs fastest. */
  'blocks',
  'groups',
  'chunks',
  'scratch',
  'scratchStride',
] as const;

/** u8 planes of activations: what offset 0 refers to, i32 [positions] offsets, strides of one channel or codebook and of one image. */
const INPUT = ['input', 'inputOffsets', 'inputStride', 'inputBatch'] as const;

/** u8 codes: first inside byte, i32 [positions] offsets, strides of one codebook and one image, number of codebooks. */
const CODES = ['codes', 'codeOffsets', 'codeStride', 'codeBatch', 'codebooks'] as const;

/** i32 [taps] offsets within the window of a position; u8 tables, biased by {@link TABLE_BIAS}. */
const TERMS = ['tapOffsets', 'taps', 'table'] as const;

const LOOK_UP = [...INTEGER_SUMS, ...CODES, ...TERMS] as const;

/**
 * Shuffle, K ≤ 16. Table [output mod 4, `stream` bytes apart][quads of outputs][codebook][tap][16]. `corrections`
 * i32 [positions] are added, to remove the bias of the tables.
 */
export const LOOK_UP_SHUFFLE = [...LOOK_UP, 'corrections', 'stream'] as const;

/** Row read, any K. Table [blocks of ≤ 64 outputs][codebook][tap][centroids][width of the block, a multiple of 16]. */
export const LOOK_UP_READ = [...LOOK_UP, 'centroids'] as const;

export const ENCODE = [
  ...INPUT,
  /** i32: what the taps of a window add to the offset of a position. */
  'tapOffsets',
  ...CODES,
  'positions',
  /** A tile is (image, codebook, one of `chunks` ranges of `chunk` positions); `chunk` is a multiple of 16. */
  'chunks',
  'chunk',
] as const;

export const ENCODE_SEARCH = [
  ...ENCODE,
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
  /** Centroid search where the 4 taps of a step are neighbors in memory. `tapOffsets` is i32 [steps]. */
  encodeSearchInPlace: [
    ...ENCODE_SEARCH,
    /** For 3×3 windows of one channel, else 0: per codebook [4·quads]{ i16 [5 pairs][2] = 64·Q, i32 key bias }. */
    'wide',
    /** Of those: bytes from one position to the next where rows of codes hold whole fours, and at most 4; else 0. */
    'distance',
  ],
  /** Centroid search for any window: taps are first gathered into scratch. */
  encodeSearchGathered: [
    ...ENCODE_SEARCH,
    'scratch',
    'scratchStride',
    /** i32 [chunk] = 4·i and i32 [steps] = 4·chunk·t: the gathered layout in the terms of encodeSearchInPlace. */
    'gatheredPositions',
    'gatheredTaps',
  ],
  /** MADDNESS tree. `tapOffsets` is i32 [codebooks][4], added to `input`; `thresholds` u8 [codebooks][4 steps][16]. */
  encodeTree: [...ENCODE, 'thresholds'],
  /** Maps: outputs are planes. */
  lookUpShufflePlanes: LOOK_UP_SHUFFLE,
  /** One position per image: outputs are rows. */
  lookUpShuffleRows: LOOK_UP_SHUFFLE,
  lookUpReadPlanes: LOOK_UP_READ,
  lookUpReadRows: LOOK_UP_READ,
  /** int8 weights times 7-bit activations, four at a time: taps of a row of the window, or one tap of four channels. */
  quantizedConv: [
    ...INTEGER_SUMS,
    ...INPUT,
    'channels',
    /** Bytes from one channel to the next where the four are channels, and then `inputStride` is four of them; else 0. */
    'laneStride',
    /** 1: positions are rows of a linear layer, and so are the results. */
    'rows',
    /** i32 [steps] offsets within a window. */
    'stepOffsets',
    'steps',
    /** i8 [quads of outputs][channels][step][4 outputs][4 taps or channels]. */
    'weights',
    /** i32 [outputs], are added: −zero point · Σ weights. */
    'corrections',
  ],
} as const satisfies Record<string, readonly string[]>;
