import { bytesPerElement, elementCount } from '../../graph/tensor.js';
import type { Node } from '../../graph/types.js';
import { TRANSPOSE_TILE } from '../../kernels/dense.js';
import { int, ints } from '../../ops/define.js';
import type { Address, LowerContext, LoweringRule } from '../types.js';

/** Bytes per tile of a copy. */
const TILE_BYTES = 16384;

/** Copies `rows` rows of `bytes` bytes; strides in bytes. */
function emitCopy(
  context: LowerContext,
  node: Node,
  from: { address: Address; stride: number },
  to: { address: Address; stride: number },
  rows: number,
  bytes: number,
): void {
  const params = { input: from.address, output: to.address };
  // A lone row is cut into pieces, so that threads can share it.
  const cut =
    rows === 1
      ? {
          inputStride: TILE_BYTES,
          outputStride: TILE_BYTES,
          bytes: TILE_BYTES,
          total: bytes,
          rows: Math.ceil(bytes / TILE_BYTES),
          rowsPerTile: 1,
        }
      : {
          inputStride: from.stride,
          outputStride: to.stride,
          bytes,
          total: rows * bytes,
          rows,
          rowsPerTile: Math.max(1, Math.floor(TILE_BYTES / bytes)),
        };
  context.emit(node, 'copyRows', { ...params, ...cut }, Math.ceil(cut.rows / cut.rowsPerTile));
}

function shifted({ buffer, byteOffset }: Address, bytes: number): Address {
  return { buffer, byteOffset: byteOffset + bytes };
}

/** Bytes of all indices of `axis` together, and how many such blocks there are. */
function blocks(context: LowerContext, value: string, axis: number) {
  const { type, dims } = context.type(value);
  return { outer: elementCount(dims.slice(0, axis)), stride: elementCount(dims.slice(axis)) * bytesPerElement(type) };
}

/** One copy per part of a value that is cut along an axis: parts go into the output (`joins`), or come out of the input. */
function lowerParts(joins: boolean): LoweringRule {
  return (context, node) => {
    const whole = joins ? node.outputs[0]! : node.inputs[0]!;
    const { type, dims } = context.type(whole);
    if (type === 'string' || elementCount(dims) === 0) return false;
    const given = int(node, 'axis', joins ? undefined : 0);
    const axis = given < 0 ? given + dims.length : given;
    const { outer, stride } = blocks(context, whole, axis);
    const start = context.dense(whole);
    let offset = 0;
    for (const name of joins ? node.inputs : node.outputs) {
      const bytes = blocks(context, name, axis).stride;
      if (bytes > 0) {
        const part = { address: context.dense(name), stride: bytes };
        const place = { address: shifted(start, offset), stride };
        if (joins) emitCopy(context, node, part, place, outer, bytes);
        else emitCopy(context, node, place, part, outer, bytes);
      }
      offset += bytes;
    }
    return true;
  };
}

export const lowerConcat = lowerParts(true);
export const lowerSplit = lowerParts(false);

/**
 * Transpose of 4-byte values that exchanges two neighboring runs of axes: NCHW ↔ NHWC, matrices, attention heads. Permutations
 * that move no value become another name for the input.
 */
export const lowerTranspose: LoweringRule = (context, node) => {
  const input = node.inputs[0]!;
  const output = node.outputs[0]!;
  const { type, dims } = context.type(input);
  if (type === 'string' || bytesPerElement(type) !== 4 || elementCount(dims) === 0) return false;
  const order = ints(node, 'perm') ?? dims.map((_, axis) => dims.length - 1 - axis);
  // Axes of size 1 do not matter; axes that stay neighbors count as one.
  const moved = order.filter((axis) => dims[axis] !== 1);
  const sorted = moved.toSorted((a, b) => a - b);
  const runs: number[][] = [];
  for (const axis of moved) {
    const run = runs.at(-1);
    if (run && sorted.indexOf(axis) === sorted.indexOf(run.at(-1)!) + 1) run.push(axis);
    else runs.push([axis]);
  }
  const rank = runs.map((run) => runs.filter((other) => other[0]! < run[0]!).length);
  const size = (run: readonly number[] | undefined) => elementCount((run ?? []).map((axis) => dims[axis]!));
  if (runs.length <= 1) {
    context.alias(output, input);
    return true;
  }
  const lead = rank[0] === 0 ? 1 : 0;
  const swapped = rank[lead] === lead + 1 && rank[lead + 1] === lead;
  const tail = rank.slice(lead + 2);
  if (!swapped || tail.length > 1 || (tail.length === 1 && tail[0] !== lead + 2)) return false;
  const batch = lead ? size(runs[0]) : 1;
  const columns = size(runs[lead]);
  const params = {
    input: context.dense(input),
    output: context.dense(output),
    rows: size(runs[lead + 1]),
    columns,
    chunk: size(runs[lead + 2]),
  };
  context.emit(node, 'transpose', params, batch * Math.ceil(columns / TRANSPOSE_TILE));
  return true;
};
