import type { Node } from '../../graph/types.js';
import { OUTPUT_BLOCK, OUTPUT_PANEL, POSITION_GROUP, SUMS_SCRATCH_BYTES } from '../../kernels/lookup.js';
import type { SpatialWindow } from '../../ops/windows.js';
import { activationParams, coefficients, scratchParams } from '../../plan/lower/dense-epilogue.js';
import type { Address, LowerContext, QuantizedPlanes } from '../../plan/types.js';
import { type CodePlanes, offsetTable, pixelTable, positionTable, splits, windowTable } from './positions.js';

/** Gathered bytes of a tile stay within this. More would repeat less reading of tables, but leave the second-level cache. */
const GATHERED_BYTES = 64 * 1024;
const MAX_GROUPS = 8;
/** Sets of planes that one epilogue can quantize into; further readers quantize from the dense tensor. */
const MAX_PLANES = 2;

/** How a kernel sums over windows of u8 planes. */
interface Sums {
  /** With `rows` the pitch is the bytes from one row to the next. */
  readonly source: Pick<CodePlanes, 'rows' | 'dims' | 'pitch' | 'pads'>;
  readonly window: SpatialWindow;
  readonly outputs: number;
  /** Outputs that one thread computes together. */
  readonly unit: number;
  /** Columns that are read of a row of the window, and how far apart. */
  readonly columns: number;
  readonly step: number;
  /** Bytes that 16 positions gather of each term; 0 for the kernels that list rows of tables instead. */
  readonly gathered: number;
}

/**
 * The fields and tiles of a kernel that sums over windows: all but its tables. A term is one plane and tap; scale and bias are the
 * last two inputs of `node`.
 */
export function sumFields(
  context: LowerContext,
  node: Node,
  { source, window, outputs, unit, columns, step, gathered }: Sums,
) {
  const { rows, pitch } = source;
  const [height = 1, width = 1] = window.output;
  const images = rows ? 1 : source.dims[0];
  const positions = rows ? source.dims[0] : height * width;
  const taps = window.kernel[0]! * columns;
  const terms = source.dims[1] * taps;
  const groupCount = Math.ceil(positions / POSITION_GROUP);
  const groups = gathered
    ? Math.max(1, Math.min(MAX_GROUPS, groupCount, Math.floor(GATHERED_BYTES / (terms * gathered))))
    : 1;
  const blocks = Math.ceil(groupCount / groups);
  const chunks = splits(images * blocks, context.threads, Math.ceil(outputs / unit));
  const scratch = gathered ? groups * terms * gathered : OUTPUT_BLOCK * 4 + POSITION_GROUP * (terms + 2) * 4;
  const offsets = Array.from({ length: taps }, (_, i) => Math.floor(i / columns) * pitch + (i % columns) * step);
  return {
    terms,
    positions,
    tiles: images * blocks * chunks,
    /** Where the windows lie in the source: of each position the first tap, and all taps of one window. */
    source: {
      offsets: rows
        ? positionTable(context, `${positions} rows of ${pitch}`, positions, (n) => n * pitch)
        : windowTable(context, window, pitch, source.pads),
      tapOffsets: offsetTable(context, offsets),
      taps,
    },
    params: {
      ...epilogueFields(context, node, outputs, positions, window, rows),
      ...scratchParams(context, SUMS_SCRATCH_BYTES + scratch),
      blocks,
      groups,
      chunks,
    },
  };
}

function epilogueFields(
  context: LowerContext,
  node: Node,
  outputs: number,
  positions: number,
  window: SpatialWindow,
  rows: boolean,
) {
  const [scale = '', bias = ''] = node.inputs.slice(-2);
  const result = node.outputs[0]!;
  const { dense, quantized } = context.demand(result);
  const { residual, activation } = node.epilogue ?? {};
  const first = targetPlanes(context, quantized[0], window, rows);
  const second = targetPlanes(context, quantized[1], window, rows);
  return {
    scale: paddedFloats(context, scale),
    bias: paddedFloats(context, bias),
    residual: residual ? context.dense(residual) : 0,
    output: dense || quantized.length > MAX_PLANES ? context.dense(result) : 0,
    ...activationParams(activation),
    coefficients: activation?.kind === 'Gelu' ? coefficients(context) : 0,
    outputs,
    positions,
    planes: first.address,
    planeOffsets: first.offsets,
    planeStride: first.stride,
    planeBatch: first.batch,
    planeScale: first.scale,
    planeZero: first.zero,
    planes2: second.address,
    planeOffsets2: second.offsets,
    planeStride2: second.stride,
    planeBatch2: second.batch,
    planeScale2: second.scale,
    planeZero2: second.zero,
  };
}

/** Where the kernel stores one set of quantized planes. */
function targetPlanes(
  context: LowerContext,
  planes: QuantizedPlanes | undefined,
  { output: [height = 1, width = 1] }: SpatialWindow,
  rows: boolean,
) {
  if (!planes) return { address: 0, offsets: 0, stride: 0, batch: 0, scale: 1, zero: 0 };
  const { buffer, pitch, plane, dims, pads, scale, zeroPoint } = planes;
  const [top, left] = pads;
  context.markQuantized(planes);
  return {
    address: { buffer, byteOffset: rows ? top * pitch + left : 0 },
    offsets: rows ? 0 : pixelTable(context, height, width, pitch, top, left),
    stride: plane,
    batch: dims[1] * plane,
    scale,
    zero: zeroPoint,
  };
}

/** Floats padded with zeros to whole panels, since linear layers load them as vectors. */
function paddedFloats(context: LowerContext, name: string): Address {
  return context.packed(`panels ${name}`, `${name} [M rounded up to 16] f32`, () => {
    const data = context.constant(name)!.data as Float32Array;
    const padded = new Float32Array(Math.ceil(data.length / OUTPUT_PANEL) * OUTPUT_PANEL);
    padded.set(data);
    return padded;
  });
}
