import { toNumbers } from '../../graph/tensor.js';
import type { Node } from '../../graph/types.js';
import { KEY_INDEX_BITS, POSITION_GROUP, WIDE_BYTES } from '../../kernels/lookup.js';
import { scratchParams } from '../../plan/lower/dense-epilogue.js';
import type { Address, LowerContext, QuantizedPlanes } from '../../plan/types.js';
import { LOOKUP_OPSET } from '../domain.js';
import { MAX_LANE_WEIGHT } from '../limits.js';
import { quantizedInput } from '../lower/planes.js';
import type { CodePlanes } from '../lower/positions.js';
import { codePlanes, offsetTable, pixelTable, positionTable, splits, windowTable } from '../lower/positions.js';
import { inputsOf, isNode } from '../operator.js';
import type { EncodeShape } from './evaluate.js';
import { encodeShape } from './evaluate.js';
import { ENCODE, ENCODE_TREE, LOOK_UP } from './spec.js';

/** Positions gathered at a time: the scratch of a codebook stays in the first-level cache. */
const GATHER_CHUNK = 256;
/** Key of the codes of a value in {@link LowerContext.notes}. */
export const codesNote = (value: string) => `codes ${value}`;

/** Lowers Encode and EncodeTree: quantizes x unless its producer did, then finds codes. */
export function lowerEncode(context: LowerContext, node: Node): boolean {
  const planes = quantizedInput(context, node);
  if (!planes) return false;
  const codes = node.outputs[0]!;
  const inputs = node.inputs.map((name) => ({ ...context.type(name) }));
  const shape = encodeShape({ node, opset: LOOKUP_OPSET, inputs });
  const { readers, pads } = codeReaders(context, codes);
  const dims = context.type(codes).dims as CodePlanes['dims'];
  if (readers > 0) {
    const target = codePlanes(context, codes, dims, pads, shape.centroids);
    context.notes.set(codesNote(codes), target);
    encodeInto(context, node, shape, planes, target);
  }
  if (context.demand(codes).dense && needsDense(context, codes, readers)) {
    const [, codebooks, height, width] = dims;
    const plane = height * width;
    encodeInto(context, node, shape, planes, {
      address: context.dense(codes),
      rows: false,
      centroids: shape.centroids,
      dims,
      pads: [0, 0, 0, 0],
      pitch: width,
      stride: plane,
      batch: codebooks * plane,
    });
  }
  return true;
}

/** LookUps that will read private codes, and the largest padding among them. */
function codeReaders(context: LowerContext, codes: string) {
  const pads: [number, number, number, number] = [0, 0, 0, 0];
  let readers = 0;
  for (const node of context.concrete.consumers.get(codes) ?? []) {
    if (!readsPrivateCodes(context, node, codes)) continue;
    readers++;
    ((node.attributes.pads ?? []) as readonly number[]).forEach((pad, side) => {
      pads[side] = Math.max(pads[side]!, pad);
    });
  }
  return { readers, pads };
}

/** True for a LookUp whose table, scale and bias are constant: the only reader of codes that has a kernel. */
export function readsPrivateCodes(context: LowerContext, node: Node, codes: string): boolean {
  const [first, ...others] = node.inputs;
  return (
    isNode(LOOK_UP, node) &&
    first === codes &&
    others.every((name) => context.constant(name)) &&
    !context.type(node.outputs[0]!).dims.includes(0)
  );
}

/** Someone other than those LookUps reads the codes, or they are an output of the graph. */
function needsDense(context: LowerContext, codes: string, readers: number): boolean {
  return context.concrete.outputs.has(codes) || (context.concrete.consumers.get(codes) ?? []).length > readers;
}

/** Offsets of the taps of a sub-vector in planes, in the order channel, row, column. */
function tapOffsets({ depth, window }: EncodeShape, planes: QuantizedPlanes): number[] {
  const [kernelHeight = 1, kernelWidth = 1] = window.kernel;
  return Array.from({ length: depth * kernelHeight * kernelWidth }, (_, tap) => {
    const j = tap % kernelWidth;
    const i = Math.floor(tap / kernelWidth) % kernelHeight;
    return Math.floor(tap / kernelWidth / kernelHeight) * planes.plane + i * planes.pitch + j;
  });
}

/** Groups taps (by index) into steps of at most four: neighbors in memory, or simply in order. */
function groupTaps(offsets: readonly number[], neighbors: boolean): number[][] {
  const steps: number[][] = [];
  offsets.forEach((offset, tap) => {
    const step = steps.at(-1);
    if (step && step.length < 4 && (!neighbors || offset === offsets[tap - 1]! + 1)) step.push(tap);
    else steps.push([tap]);
  });
  return steps;
}

function encodeInto(
  context: LowerContext,
  node: Node,
  shape: EncodeShape,
  planes: QuantizedPlanes,
  codes: CodePlanes,
): void {
  const { window, codebooks, depth } = shape;
  const [batch, , height, width] = codes.dims;
  const images = codes.rows ? 1 : batch;
  const positions = codes.rows ? batch : height * width;
  const imageBytes = planes.dims[1] * planes.plane;
  const offsets = tapOffsets(shape, planes);
  const neighbors = groupTaps(offsets, true);
  const gathered = groupTaps(offsets, false);
  const tree = isNode(ENCODE_TREE, node);
  const inOrder = tree || neighbors.length <= gathered.length * (window.strides[1] === 1 ? 1 : 2);
  const all = Math.ceil(positions / POSITION_GROUP) * POSITION_GROUP;
  const wanted = splits(images * codebooks, context.threads, all / POSITION_GROUP);
  const even = Math.ceil(all / POSITION_GROUP / wanted) * POSITION_GROUP;
  const chunk = inOrder ? even : Math.min(even, GATHER_CHUNK);
  const chunks = Math.ceil(positions / chunk);
  const [top, left] = [planes.pads[0] - window.begins[0]!, planes.pads[1] - window.begins[1]!];
  const common = {
    input: { buffer: planes.buffer, byteOffset: 0 },
    inputOffsets: codes.rows
      ? positionTable(context, `${batch} images of ${imageBytes} at ${top * planes.pitch + left}`, batch, (n) => {
          return n * imageBytes + top * planes.pitch + left;
        })
      : windowTable(context, window, planes.pitch, planes.pads),
    inputStride: depth * planes.plane,
    inputBatch: imageBytes,
    codes: codes.address,
    codeOffsets: codes.rows
      ? positionTable(context, `${batch} rows`, batch, (n) => n)
      : pixelTable(context, height, width, codes.pitch, codes.pads[0], codes.pads[1]),
    codeStride: codes.stride,
    codeBatch: codes.batch,
    codebooks,
    positions,
    chunks,
    chunk,
  };
  const tiles = images * codebooks * chunks;
  if (tree) {
    const params = { ...common, ...treeTables(context, node, codebooks, offsets) };
    context.emit(node, 'encodeTree', params, tiles);
    return;
  }
  const steps = inOrder ? neighbors : gathered;
  const scores = {
    weights: searchTable(context, node, shape, steps),
    quads: Math.ceil(shape.centroids / 4),
    steps: steps.length,
    unit: fitsPairs(context.constant(inputsOf(ENCODE, node).Q)!.data as Int8Array, offsets.length, steps)
      ? 1 << KEY_INDEX_BITS
      : 0,
  };
  const taps = inOrder
    ? steps.map((step) => offsets[step[0]!]!)
    : steps.flatMap((step) => [0, 1, 2, 3].map((t) => offsets[step[t] ?? step[0]!]!));
  const tapTable = offsetTable(context, taps);
  if (inOrder) {
    const threeByThree = steps.length === 3 && steps.every((step) => step.length === 3);
    const wide = threeByThree ? wideTable(context, node, shape) : 0;
    const stride = window.strides[1]!;
    const distance = !codes.rows && width % 4 === 0 && stride <= 4 ? stride : 0;
    const params = { ...common, ...scores, tapOffsets: tapTable, wide, distance };
    context.emit(node, 'encodeSearchInPlace', params, tiles);
    return;
  }
  const stepOffsets = steps.map((_, step) => step * chunk * 4);
  const params = {
    ...common,
    ...scores,
    tapOffsets: tapTable,
    ...scratchParams(context, steps.length * chunk * 4),
    gatheredPositions: positionTable(context, `${chunk} gathered`, chunk, (p) => 4 * p),
    gatheredTaps: offsetTable(context, stepOffsets),
  };
  context.emit(node, 'encodeSearchGathered', params, tiles);
}

/**
 * Whether the search may add the pair sums of all steps in i16. In the worst case every activation is 0 or the largest, so the positive
 * and the negative weights that meet in one i16 lane (taps 0, 1 or taps 2, 3 of each step) must each stay within the limit.
 */
function fitsPairs(weights: Int8Array, taps: number, steps: readonly (readonly number[])[]): boolean {
  const lanes = [0, 1].map((lane) => steps.flatMap((step) => step.slice(2 * lane, 2 * lane + 2)));
  for (let row = 0; row < weights.length; row += taps) {
    for (const lane of lanes) {
      let positive = 0;
      let negative = 0;
      for (const tap of lane) {
        const weight = weights[row + tap]!;
        if (weight > 0) positive += weight;
        else negative -= weight;
      }
      if (positive > MAX_LANE_WEIGHT || negative > MAX_LANE_WEIGHT) return false;
    }
  }
  return true;
}

/** Places of centroids beyond the last: no weights and the lowest key, which never wins. */
const NO_CENTROID = -(2 ** 31);

/**
 * Packs Q and b for a search. A codebook has a multiple of four places for centroids.
 *
 * @param bytes of a place
 * @param keyAt where the key bias of a place goes: (b − zero·ΣQ)·64 + (63 − k)
 * @param write stores the weights of a place
 */
function packScores(
  context: LowerContext,
  node: Node,
  { centroids, codebooks }: EncodeShape,
  kind: string,
  label: string,
  bytes: number,
  keyAt: (place: number) => number,
  write: (packed: DataView, place: number, weights: Int8Array) => void,
): Address {
  const padded = Math.ceil(centroids / 4) * 4;
  const unit = 1 << KEY_INDEX_BITS;
  return context.packed(`${kind} ${node.inputs.slice(2)}`, label, () => {
    const { x_zero_point, Q, b } = inputsOf(ENCODE, node);
    const all = context.constant(Q)!.data as Int8Array;
    const biases = context.constant(b)!.data as Int32Array;
    const zero = toNumbers(context.constant(x_zero_point)!)[0]!;
    const taps = all.length / (codebooks * centroids);
    const packed = new DataView(new ArrayBuffer(codebooks * padded * bytes));
    for (let place = 0; place < codebooks * padded; place++) {
      const k = place % padded;
      packed.setInt32(keyAt(place), NO_CENTROID, true);
      if (k >= centroids) continue;
      const row = Math.floor(place / padded) * centroids + k;
      const weights = all.subarray(row * taps, (row + 1) * taps);
      const sum = weights.reduce((total: number, weight) => total + weight, 0);
      // May wrap; the key of every actual score fits 31 bits, so wrapping additions end right.
      packed.setInt32(keyAt(place), Math.imul(biases[row]! - zero * sum, unit) + unit - 1 - k, true);
      write(packed, place, weights);
    }
    return packed;
  });
}

/** Per codebook and quad of centroids the weights of each step, then the key biases. */
function searchTable(
  context: LowerContext,
  node: Node,
  shape: EncodeShape,
  steps: readonly (readonly number[])[],
): Address {
  const quads = Math.ceil(shape.centroids / 4);
  const label = `${node.name}.search [${shape.codebooks}][${quads}]{[${steps.length}][4][4] i8, [4] i32}`;
  const bytes = 4 * (steps.length + 1);
  const at = (place: number) => 4 * bytes * (place >> 2) + 4 * (place & 3);
  const keyAt = (place: number) => at(place) + 16 * steps.length;
  return packScores(
    context,
    node,
    shape,
    `search ${steps.join('|')}`,
    label,
    bytes,
    keyAt,
    (packed, place, weights) => {
      steps.forEach((step, s) => {
        step.forEach((tap, t) => {
          packed.setInt8(at(place) + 16 * s + t, weights[tap]!);
        });
      });
    },
  );
}

/** Order in which the i16 search of a 3×3 window pairs its taps. */
const WINDOW_PAIRS = [0, 2, 3, 5, 6, 8, 1, 4, 7];

/** Of 3×3 windows: per codebook and centroid five pairs of i16, then the key bias. */
function wideTable(context: LowerContext, node: Node, shape: EncodeShape): Address {
  const label = `${node.name}.wide [${shape.codebooks}][${Math.ceil(shape.centroids / 4) * 4}]{[5][2] i16, i32}`;
  const keyAt = (place: number) => place * WIDE_BYTES + 20;
  return packScores(context, node, shape, 'wide', label, WIDE_BYTES, keyAt, (packed, place, weights) => {
    WINDOW_PAIRS.forEach((tap, t) => {
      packed.setInt16(place * WIDE_BYTES + 2 * t, weights[tap]! << KEY_INDEX_BITS, true);
    });
  });
}

/** Feature offsets i32 [codebooks][4] and thresholds u8 [codebooks][4 steps][16]. */
function treeTables(context: LowerContext, node: Node, codebooks: number, offsets: readonly number[]) {
  const { features: featureName, thresholds: thresholdName } = inputsOf(ENCODE_TREE, node);
  const taps = toNumbers(context.constant(featureName)!).map((tap) => offsets[tap]!);
  return {
    tapOffsets: offsetTable(context, taps),
    thresholds: context.packed(`tree ${thresholdName}`, `${node.name}.thresholds [${codebooks}][4][16] u8`, () => {
      const thresholds = context.constant(thresholdName)!.data as Uint8Array;
      const packed = new Uint8Array(codebooks * 64);
      for (let codebook = 0; codebook < codebooks; codebook++) {
        for (let depth = 0; depth < 4; depth++) {
          const from = codebook * 15 + 2 ** depth - 1;
          packed.set(thresholds.subarray(from, from + 2 ** depth), codebook * 64 + depth * 16);
        }
      }
      return packed;
    }),
  };
}
