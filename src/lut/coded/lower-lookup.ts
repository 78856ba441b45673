import type { Node } from '../../graph/types.js';
import { OUTPUT_BLOCK, OUTPUT_PANEL, OUTPUT_QUAD, POSITION_GROUP, TABLE_BIAS } from '../../kernels/lookup.js';
import type { Address, LowerContext } from '../../plan/types.js';
import { LOOKUP_OPSET } from '../domain.js';
import type { CodePlanes } from '../lower/positions.js';
import { positionTable } from '../lower/positions.js';
import { sumFields } from '../lower/sums.js';
import { inputsOf } from '../operator.js';
import type { LookUpShape } from './evaluate.js';
import { lookUpShape } from './evaluate.js';
import { codesNote, readsPrivateCodes } from './lower-encode.js';
import { LOOK_UP } from './spec.js';

/** Sixteen centroids fill one shuffle. */
const SHUFFLE_CENTROIDS = 16;

/** Lowers LookUp with its epilogue to one kernel call. */
export function lowerLookUp(context: LowerContext, node: Node): boolean {
  const { codes: codesName } = inputsOf(LOOK_UP, node);
  const codes = context.notes.get(codesNote(codesName)) as CodePlanes | undefined;
  if (!codes || !readsPrivateCodes(context, node, codesName)) return false;
  const inputs = node.inputs.map((name) => ({ ...context.type(name) }));
  const shape = lookUpShape({ node, opset: LOOKUP_OPSET, inputs });
  const { centroids, outputs, window } = shape;
  // A code of a richer encoder could point past the table; `evaluate` checks each one.
  if (codes.centroids > centroids) return false;
  const { rows } = codes;
  const [height = 1, width = 1] = window.output;
  const shuffle = prefersShuffle(shape, rows ? codes.dims[0] : height * width);
  const { params, source, tiles, terms, positions } = sumFields(context, node, {
    source: codes,
    window,
    outputs,
    unit: shuffle ? (rows ? OUTPUT_PANEL : OUTPUT_QUAD) : OUTPUT_BLOCK,
    columns: window.kernel[1]!,
    step: 1,
    gathered: shuffle ? POSITION_GROUP : 0,
  });
  const common = {
    ...params,
    codes: codes.address,
    codeOffsets: source.offsets,
    codeStride: codes.stride,
    codeBatch: codes.batch,
    codebooks: codes.dims[1],
    tapOffsets: source.tapOffsets,
    taps: source.taps,
  };
  if (shuffle) {
    const corrections = correctionTable(context, shape, codes, positions);
    const tables = { ...shuffleTable(context, node, shape, terms), corrections };
    context.emit(node, rows ? 'lookUpShuffleRows' : 'lookUpShufflePlanes', { ...common, ...tables }, tiles);
  } else {
    const table = readTable(context, node, shape, terms);
    context.emit(node, rows ? 'lookUpReadRows' : 'lookUpReadPlanes', { ...common, table, centroids }, tiles);
  }
  return true;
}

/** Table rows of a row-read block beyond this many bytes come from the last-level cache, one line per row. */
const SECOND_LEVEL_BYTES = 256 * 1024;

/**
 * Which accumulation is faster, from vector instructions per term: a shuffle step does 20 for 16 positions × 4 outputs and wastes
 * the positions that do not fill a group; a row read does 5 for one position × 16 outputs, a little per row, and waits for its
 * rows when the tables of a block outgrow the caches (measured: bench/kernels.ts, conv 512,7).
 */
function prefersShuffle({ centroids, codebooks, outputs, window }: LookUpShape, positions: number): boolean {
  if (centroids > SHUFFLE_CENTROIDS) return false;
  const blockBytes = codebooks * window.kernel[0]! * window.kernel[1]! * centroids * Math.min(outputs, OUTPUT_BLOCK);
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
  const width = Math.ceil(outputs / OUTPUT_PANEL) * OUTPUT_PANEL;
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
  const name = inputsOf(LOOK_UP, node).table;
  return context.packed(`${kind} ${name} ${centroids}`, label, () => {
    const table = context.constant(name)!.data as Int8Array;
    const taps = table.length / (outputs * codebooks * centroids);
    const packed = new Uint8Array(bytes);
    for (let m = 0; m < outputs; m++) {
      for (let term = 0; term < codebooks * taps; term++) {
        const [to, step] = place(m, term);
        const from = (m * codebooks + Math.floor(term / taps)) * centroids * taps + (term % taps);
        for (let k = 0; k < centroids; k++) packed[to + k * step] = table[from + k * taps]! + TABLE_BIAS;
      }
    }
    return packed;
  });
}

/** i32 [positions]: −TABLE_BIAS for every term inside the image, since the biased tables add that too much. */
function correctionTable(context: LowerContext, shape: LookUpShape, codes: CodePlanes, positions: number): Address {
  const { kernel, strides, begins, output } = shape.window;
  const [, codebooks, height, width] = codes.dims;
  const outWidth = output[1]!;
  const inside = (axis: 0 | 1, at: number, size: number) => {
    const first = at * strides[axis]! - begins[axis]!;
    return Math.max(0, Math.min(size, first + kernel[axis]!) - Math.max(0, first));
  };
  const key = `corrections ${codes.rows} ${positions} ${codebooks} ${height}x${width} ${kernel} ${strides} ${begins} ${output}`;
  return positionTable(context, key, positions, (p) => {
    if (codes.rows) return -TABLE_BIAS * codebooks;
    return -TABLE_BIAS * codebooks * inside(0, Math.floor(p / outWidth), height) * inside(1, p % outWidth, width);
  });
}
