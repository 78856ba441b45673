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

/** Bytes of all positions of one index of `axis`, the size of an index, and how many such blocks there are. */
function blocks(context: LowerContext, value: string, axis: number) {
  const { type, dims } = context.type(value);
  const unit = elementCount(dims.slice(axis + 1)) * bytesPerElement(type);
  return { outer: elementCount(dims.slice(0, axis)), unit, stride: unit * dims[axis]! };
}

function axisFor(node: Node, rank: number, otherwise?: number): number {
  const axis = int(node, 'axis', otherwise);
  return axis < 0 ? axis + rank : axis;
}

/** Concat along any axis as one copy per input. */
export const lowerConcat: LoweringRule = (context, node) => {
  const output = node.outputs[0]!;
  const { type, dims } = context.type(output);
  if (type === 'string' || elementCount(dims) === 0) return false;
  const axis = axisFor(node, dims.length);
  const { outer, stride } = blocks(context, output, axis);
  const to = context.dense(output);
  let offset = 0;
  for (const input of node.inputs) {
    const part = blocks(context, input, axis);
    if (part.stride > 0) {
      emitCopy(
        context,
        node,
        { address: context.dense(input), stride: part.stride },
        { address: shifted(to, offset), stride },
        outer,
        part.stride,
      );
    }
    offset += part.stride;
  }
  return true;
};

/** Split along any axis as one copy per output. */
export const lowerSplit: LoweringRule = (context, node) => {
  const input = node.inputs[0]!;
  const { type, dims } = context.type(input);
  if (type === 'string' || elementCount(dims) === 0) return false;
  const axis = axisFor(node, dims.length, 0);
  const { outer, stride } = blocks(context, input, axis);
  const from = context.dense(input);
  let offset = 0;
  for (const output of node.outputs) {
    const part = blocks(context, output, axis);
    if (part.stride > 0) {
      emitCopy(
        context,
        node,
        { address: shifted(from, offset), stride },
        { address: context.dense(output), stride: part.stride },
        outer,
        part.stride,
      );
    }
    offset += part.stride;
  }
  return true;
};

/**
 * Transpose of 4-byte values that exchanges two neighbouring runs of axes: NCHW ↔ NHWC, matrices, attention heads. Permutations
 * that move no value become another name for the input.
 */
export const lowerTranspose: LoweringRule = (context, node) => {
  const input = node.inputs[0]!;
  const output = node.outputs[0]!;
  const { type, dims } = context.type(input);
  if (type === 'string' || bytesPerElement(type) !== 4 || elementCount(dims) === 0) return false;
  const order = ints(node, 'perm') ?? dims.map((_, axis) => dims.length - 1 - axis);
  // Axes of size 1 do not matter; axes that stay neighbours count as one.
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
