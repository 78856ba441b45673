import { LOOKUP_OPSET } from '../../graph/lookup.js';
import type { Activation, Node } from '../../graph/types.js';
import {
  ACTIVATION_CODES,
  LOOK_UP_SCRATCH_BYTES,
  OUTPUT_BLOCK,
  OUTPUT_PANEL,
  OUTPUT_QUAD,
  POSITION_GROUP,
} from '../../kernels/lookup.js';
import type { LookUpShape } from '../../ops/lookup.js';
import { lookUpShape } from '../../ops/lookup.js';
import type { Address, LowerContext, QuantisedPlanes } from '../types.js';
import { coefficients } from './dense-epilogue.js';
import { codesNote, readsPrivateCodes } from './lookup-encode.js';
import type { CodePlanes } from './lookup-positions.js';
import { pixelTable, positionTable, scratchFields, splits, windowTable } from './lookup-positions.js';

/** Sixteen centroids fill one shuffle. */
const SHUFFLE_CENTROIDS = 16;
/** Gathered codes of a tile stay within this. More would repeat less reading of tables, but leave the second-level cache. */
const GATHERED_BYTES = 64 * 1024;
const MAX_GROUPS = 8;
/** Sets of planes that one epilogue can quantise into; further readers quantise from the dense tensor. */
const MAX_PLANES = 2;

/** Lowers LookUp with its epilogue to one kernel call. */
export function lowerLookUp(context: LowerContext, node: Node): boolean {
  const [codesName = ''] = node.inputs;
  const codes = context.notes.get(codesNote(codesName)) as CodePlanes | undefined;
  if (!codes || !readsPrivateCodes(context, node, codesName)) return false;
  const inputs = node.inputs.map((name) => ({ ...context.type(name) }));
  const shape = lookUpShape({ node, opset: LOOKUP_OPSET, inputs });
  // A code of a richer encoder could point past the table; `evaluate` checks each one.
  if (codes.centroids > shape.centroids) return false;
  const layout = lookUpLayout(shape, codes);
  const shuffle = prefersShuffle(shape, layout.positions);
  const terms = shape.codebooks * layout.taps;
  const groupCount = Math.ceil(layout.positions / POSITION_GROUP);
  const groups = shuffle
    ? Math.max(1, Math.min(MAX_GROUPS, groupCount, Math.floor(GATHERED_BYTES / (terms * POSITION_GROUP))))
    : 1;
  const blocks = Math.ceil(groupCount / groups);
  const units = Math.ceil(shape.outputs / (shuffle ? (codes.rows ? OUTPUT_PANEL : OUTPUT_QUAD) : OUTPUT_BLOCK));
  const chunks = splits(layout.images * blocks, context.threads, units);
  const [tableHeight = 1, tableWidth = 1] = shape.geometry.kernel;
  const tapOffsets = Array.from(
    { length: tableHeight * tableWidth },
    (_, tap) => Math.floor(tap / tableWidth) * codes.pitch + (tap % tableWidth),
  );
  const params = {
    ...epilogueFields(context, node, shape, layout),
    codes: codes.address,
    codeOffsets: codes.rows
      ? positionTable(context, `${layout.positions} rows`, layout.positions, (n) => n)
      : windowTable(context, shape.geometry, codes.pitch, codes.pads),
    codeStride: codes.stride,
    codeBatch: codes.batch,
    codebooks: shape.codebooks,
    tapOffsets: context.packed(`taps ${tapOffsets}`, `taps [${tapOffsets.length}] i32`, () =>
      Int32Array.from(tapOffsets),
    ),
    taps: layout.taps,
    blocks,
    groups,
    chunks,
  };
  const tiles = layout.images * blocks * chunks;
  if (shuffle) {
    context.emit({
      kind: 'kernel',
      node,
      kernel: codes.rows ? 'lookUpShuffleRows' : 'lookUpShufflePlanes',
      params: {
        ...params,
        ...scratchFields(context, LOOK_UP_SCRATCH_BYTES + groups * terms * POSITION_GROUP),
        ...shuffleTable(context, node, shape, terms),
        corrections: correctionTable(context, shape, codes, layout.positions),
      },
      tiles,
    });
  } else {
    context.emit({
      kind: 'kernel',
      node,
      kernel: codes.rows ? 'lookUpReadRows' : 'lookUpReadPlanes',
      params: {
        ...params,
        ...scratchFields(context, LOOK_UP_SCRATCH_BYTES + OUTPUT_BLOCK * 4 + POSITION_GROUP * (terms + 2) * 4),
        table: readTable(context, node, shape, terms),
        centroids: shape.centroids,
      },
      tiles,
    });
  }
  return true;
}

interface LookUpLayout {
  readonly images: number;
  readonly positions: number;
  readonly taps: number;
  readonly height: number;
  readonly width: number;
  readonly rows: boolean;
}

function lookUpLayout({ geometry }: LookUpShape, codes: CodePlanes): LookUpLayout {
  const [batch] = codes.dims;
  const [height = 1, width = 1] = geometry.output;
  const taps = geometry.kernel[0]! * geometry.kernel[1]!;
  return codes.rows
    ? { images: 1, positions: batch, taps, height, width, rows: true }
    : { images: batch, positions: height * width, taps, height, width, rows: false };
}

/** Table rows of a row-read block beyond this many bytes come from the last-level cache, one line per row. */
const SECOND_LEVEL_BYTES = 256 * 1024;

/**
 * Which accumulation is faster, from vector instructions per term: a shuffle step does 20 for 16 positions × 4 outputs and wastes
 * the positions that do not fill a group; a row read does 5 for one position × 16 outputs, a little per row, and waits for its
 * rows when the tables of a block outgrow the caches (measured: bench/kernels.ts, conv 512,7).
 */
export function prefersShuffle({ centroids, codebooks, outputs, geometry }: LookUpShape, positions: number): boolean {
  if (centroids > SHUFFLE_CENTROIDS) return false;
  const blockBytes =
    codebooks * geometry.kernel[0]! * geometry.kernel[1]! * centroids * Math.min(outputs, OUTPUT_BLOCK);
  const wait = blockBytes > SECOND_LEVEL_BYTES ? 2.5 : 1.2;
  const shuffle = Math.ceil(positions / POSITION_GROUP) * Math.ceil(outputs / OUTPUT_QUAD) * 20;
  const read = positions * wait * (Math.ceil(outputs / 16) * 5 + Math.ceil(outputs / OUTPUT_BLOCK) * 2);
  return shuffle <= read;
}

/** Between streams, so that they do not fall into the same sets of a cache. */
const STREAM_GAP = 320;

/** u8 [output mod 4]{[quads of outputs][codebook][tap][16 centroids], gap}, biased by 128; and the bytes from one output to the next. */
function shuffleTable(context: LowerContext, node: Node, shape: LookUpShape, terms: number) {
  const quads = Math.ceil(shape.outputs / OUTPUT_QUAD);
  const quad = terms * SHUFFLE_CENTROIDS;
  const stream = quads * quad + STREAM_GAP;
  const label = `${node.name}.table [4]{[${quads}][${terms}][16], [${STREAM_GAP}]} u8`;
  const table = packTable(context, node, shape, 'shuffle', label, OUTPUT_QUAD * stream, (m, term) => [
    (m % OUTPUT_QUAD) * stream + Math.floor(m / OUTPUT_QUAD) * quad + term * SHUFFLE_CENTROIDS,
    1,
  ]);
  return { table, stream };
}

/** u8 [blocks of ≤ 64 outputs][codebook][tap][centroid][width of the block], biased by 128. */
function readTable(context: LowerContext, node: Node, shape: LookUpShape, terms: number): Address {
  const { outputs, centroids } = shape;
  const width = Math.ceil(outputs / 16) * 16;
  const label = `${node.name}.table [${Math.ceil(outputs / OUTPUT_BLOCK)}][${terms}][${centroids}][≤64] u8`;
  return packTable(context, node, shape, 'read', label, terms * centroids * width, (m, term) => {
    const first = m - (m % OUTPUT_BLOCK);
    const blockWidth = Math.min(OUTPUT_BLOCK, width - first);
    return [terms * centroids * first + term * centroids * blockWidth + m - first, blockWidth];
  });
}

/** @param place where the entry of centroid 0 goes, and how far apart the others lie, by output and term (codebook, tap) */
function packTable(
  context: LowerContext,
  node: Node,
  { outputs, codebooks, centroids }: LookUpShape,
  kind: string,
  label: string,
  bytes: number,
  place: (m: number, term: number) => [to: number, step: number],
): Address {
  return context.packed(`${kind} ${node.inputs[1]} ${centroids}`, label, () => {
    const table = context.constant(node.inputs[1]!)!.data as Int8Array;
    const taps = table.length / (outputs * codebooks * centroids);
    const packed = new Uint8Array(bytes);
    for (let m = 0; m < outputs; m++) {
      for (let term = 0; term < codebooks * taps; term++) {
        const [to, step] = place(m, term);
        const from = (m * codebooks + Math.floor(term / taps)) * centroids * taps + (term % taps);
        for (let k = 0; k < centroids; k++) packed[to + k * step] = table[from + k * taps]! + 128;
      }
    }
    return packed;
  });
}

/** i32 [positions]: −128 for every term inside the image, since the biased tables add that too much. */
function correctionTable(context: LowerContext, shape: LookUpShape, codes: CodePlanes, positions: number): Address {
  const { kernel, strides, begins, output } = shape.geometry;
  const [, codebooks, height, width] = codes.dims;
  const outWidth = output[1]!;
  const inside = (axis: 0 | 1, at: number, size: number) => {
    const first = at * strides[axis]! - begins[axis]!;
    return Math.max(0, Math.min(size, first + kernel[axis]!) - Math.max(0, first));
  };
  const key = `corrections ${codes.rows} ${positions} ${codebooks} ${height}x${width} ${kernel} ${strides} ${begins} ${output}`;
  return positionTable(context, key, positions, (p) => {
    if (codes.rows) return -128 * codebooks;
    return -128 * codebooks * inside(0, Math.floor(p / outWidth), height) * inside(1, p % outWidth, width);
  });
}

function activationFields(activation: Activation | undefined) {
  const activationCode = activation ? ACTIVATION_CODES[activation.kind] : 0;
  if (activation?.kind === 'LeakyRelu') return { activation: activationCode, low: activation.alpha, high: 0 };
  if (activation?.kind === 'Clip') return { activation: activationCode, low: activation.min, high: activation.max };
  return { activation: activationCode, low: 0, high: 0 };
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

const NO_PLANES = { address: 0, offsets: 0, stride: 0, batch: 0, scale: 1, zero: 0 };

/** Where the kernel stores one set of quantised planes. */
function planeTarget(
  context: LowerContext,
  planes: QuantisedPlanes | undefined,
  { height, width, rows }: LookUpLayout,
) {
  if (!planes) return NO_PLANES;
  context.markQuantised(planes);
  const [top, left] = planes.pads;
  return {
    address: { buffer: planes.buffer, byteOffset: rows ? top * planes.pitch + left : 0 },
    offsets: rows ? 0 : pixelTable(context, height, width, planes.pitch, top, left),
    stride: planes.plane,
    batch: planes.dims[1] * planes.plane,
    scale: planes.scale,
    zero: planes.zeroPoint,
  };
}

function epilogueFields(context: LowerContext, node: Node, shape: LookUpShape, layout: LookUpLayout) {
  const [, , scale = '', bias = ''] = node.inputs;
  const result = node.outputs[0]!;
  const { dense, quantised } = context.demand(result);
  const residual = node.epilogue?.residual;
  const [first, second] = quantised.slice(0, MAX_PLANES).map((planes) => planeTarget(context, planes, layout));
  const planes = first ?? NO_PLANES;
  const planes2 = second ?? NO_PLANES;
  return {
    scale: paddedFloats(context, scale),
    bias: paddedFloats(context, bias),
    residual: residual ? context.dense(residual) : 0,
    output: dense || quantised.length > MAX_PLANES ? context.dense(result) : 0,
    ...activationFields(node.epilogue?.activation),
    coefficients: node.epilogue?.activation?.kind === 'Gelu' ? coefficients(context) : 0,
    outputs: shape.outputs,
    positions: layout.positions,
    planes: planes.address,
    planeOffsets: planes.offsets,
    planeStride: planes.stride,
    planeBatch: planes.batch,
    planeScale: planes.scale,
    planeZero: planes.zero,
    planes2: planes2.address,
    planeOffsets2: planes2.offsets,
    planeStride2: planes2.stride,
    planeBatch2: planes2.batch,
    planeScale2: planes2.scale,
    planeZero2: planes2.zero,
  };
}
