/** Dense kernels and the fields of their parameter blocks, in order. Sources: assembly/dense/. */

/**
 * What follows float sums: y = activation(sum + bias + residual). `bias`, `residual`, `output` and
 * `planes` may be 0. `low` and `high` are the limits of a clamp; `low` is the slope of LeakyRelu. The `planes` fields describe
 * one {@link QuantizedPlanes}: scale, zero point, row pitch, bytes per plane, pads.
 */
export const FLOAT_EPILOGUE = [
  'bias',
  'residual',
  'output',
  'activation',
  'low:f32',
  'high:f32',
  'planes',
  'planesScale:f32',
  'planesZeroPoint:f32',
  'planesPitch',
  'planesStride',
  'planesTop',
  'planesLeft',
] as const;

/** A window that slides over maps of `height` × `width`; `top` and `left` are pads. */
const SLIDING = [
  'height',
  'width',
  'outHeight',
  'outWidth',
  'kernelHeight',
  'kernelWidth',
  'strideY',
  'strideX',
  'dilationY',
  'dilationX',
  'top',
  'left',
] as const;

/** Depthwise convolution and pooling. `pitch` is the length of a padded row in scratch; average pooling divides by the window positions inside the image widened by the `count` fields. */
export const WINDOW = [
  ...FLOAT_EPILOGUE,
  'input',
  'weights',
  'scratch',
  'scratchStride',
  'channels',
  'multiplier',
  ...SLIDING,
  'countTop',
  'countLeft',
  'countBottom',
  'countRight',
  'pitch',
  'rowsPerTile',
  'rowBlocks',
] as const;

export const DENSE_KERNELS = {
  /** `channels` and `outputs` are per group. A tile is (image, group, block of positions, block of outputs), the last fastest. */
  conv: [
    ...FLOAT_EPILOGUE,
    'input',
    'inputBytes',
    'weights',
    'scratch',
    'scratchStride',
    'channels',
    'outputs',
    'groups',
    ...SLIDING,
    'positionsPerTile',
    'positionBlocks',
    'outputsPerTile',
    'outputBlocks',
  ],
  /** Strides and batch strides are in bytes; `panels` (packed constant right side) or `right` is 0. A tile is (matrix, rows, columns). */
  matmul: [
    ...FLOAT_EPILOGUE,
    'left',
    'leftBatch',
    'leftRowStride',
    'leftDepthStride',
    'panels',
    'right',
    'rightBatch',
    'rightDepthStride',
    'rightColumnStride',
    'scratch',
    'scratchStride',
    'rows',
    'columns',
    'depth',
    'rowsPerTile',
    'rowBlocks',
    'columnsPerTile',
    'columnBlocks',
  ],
  depthwiseConv: WINDOW,
  maxPool: WINDOW,
  averagePool: WINDOW,
  /** Mean of rows of `inner` values. A tile is one row. */
  reduceMean: ['input', 'output', 'inner'],
  /** `low` and `high` as in the epilogue; HardSigmoid: slope and offset; Swish: slope in `low`. `coefficients`: those of coefficients.ts. A tile is `perTile` values. */
  unary: ['input', 'output', 'function', 'low:f32', 'high:f32', 'count', 'perTile', 'coefficients'],
  /** Row r of an operand starts ((r / divisor) mod modulus) · step bytes in; `vector` 0 repeats its first value. A tile is `rowsPerTile` rows. */
  binary: [
    'left',
    'leftVector',
    'leftDivisor',
    'leftModulus',
    'leftStep',
    'right',
    'rightVector',
    'rightDivisor',
    'rightModulus',
    'rightStep',
    'output',
    'operation',
    'inner',
    'count',
    'rows',
    'rowsPerTile',
    /** f32, as long as the output, or 0: is added. Then all is clamped to low..high. */
    'residual',
    'low:f32',
    'high:f32',
  ],
  /** Over rows of `inner` values; {@link SOFTMAX_SCRATCH_BYTES} of `scratch` per thread. A tile is one row. */
  softmax: ['input', 'output', 'inner', 'scratch', 'coefficients'],
  /** Over rows of `inner` values; `bias` may be 0. A tile is one row. */
  layerNorm: ['input', 'output', 'scale', 'bias', 'inner', 'epsilon:f32'],
  /** Rows of `bytes` bytes, `total` in all, between two spacings. A tile is `rowsPerTile` rows. */
  copyRows: ['input', 'output', 'inputStride', 'outputStride', 'bytes', 'total', 'rows', 'rowsPerTile'],
  /** [batch][rows][columns][chunk] of 4-byte values → [batch][columns][rows][chunk]. A tile is {@link TRANSPOSE_TILE} columns of one batch item. */
  transpose: ['input', 'output', 'rows', 'columns', 'chunk'],
  /**
   * output[o0[i] + o1[j] + o2[k] + o3[l]] = input[i0[i] + i1[j] + i2[k] + i3[l]] for 4-byte values; `inputN` and `outputN` point to
   * byte offsets (i32), `sizeN` of each. `straight`: the last tables are 0, 4, 8, … A tile is one (i, j).
   */
  moveByTables: [
    'input',
    'output',
    'input0',
    'input1',
    'input2',
    'input3',
    'output0',
    'output1',
    'output2',
    'output3',
    'size1',
    'size2',
    'size3',
    'straight',
  ],
  /** A tile is `perTile` values. */
  fill: ['output', 'count', 'perTile', 'value:f32'],
} as const satisfies Record<string, readonly string[]>;

/** Values of the field `activation`. */
export const ACTIVATION = { none: 0, clamp: 1, leakyRelu: 2, hardSwish: 3 } as const;

/** Values of the field `function` of `unary`: those of {@link ACTIVATION} and these. Integer epilogues know `gelu`, too. */
export const FUNCTION = {
  ...ACTIVATION,
  hardSigmoid: 4,
  sigmoid: 5,
  tanh: 6,
  exp: 7,
  erf: 8,
  gelu: 9,
  geluTanh: 10,
  swish: 11,
  sqrt: 12,
  abs: 13,
  neg: 14,
  /** To the nearest, ties to even, and within low..high. */
  round: 15,
} as const;

/** Values of the field `operation` of `binary`. */
export const OPERATION = { Add: 0, Sub: 1, Mul: 2, Div: 3, Min: 4, Max: 5, PRelu: 6 } as const;

/** Columns of one tile of `transpose`. */
export const TRANSPOSE_TILE = 4;
/** Scratch of one thread of `softmax`: sixteen floats. */
export const SOFTMAX_SCRATCH_BYTES = 64;
