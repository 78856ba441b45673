import { elementCount } from '../../graph/tensor.js';
import type { Node } from '../../graph/types.js';
import { float, int } from '../../ops/define.js';
import type { Address, LowerContext, LoweringRule } from '../types.js';
import { allFloat, type EpilogueParams, epilogueParams, scratchParams } from './dense-epilogue.js';

/** Strides in elements. A batch stride of 0 repeats the matrix. */
interface Side {
  readonly name: string;
  readonly batch: number;
  /** Rows of the left side, columns of the right one. */
  readonly outer: number;
  readonly depth: number;
}

interface Product {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly left: Side;
  readonly right: Side;
  /** Factor of the product; other than 1 only where the right side is constant. */
  readonly alpha: number;
}

/** Packed rows and columns of a tile should stay in the second-level cache. */
const TILE_BYTES = 320 * 1024;
const ROWS = [64, 48, 32, 24, 16, 8, 4];
const WIDEST = 512;

/** As chooseTiling of convolutions: the cut with the smallest estimated time of the busiest thread. */
function chooseBlocks({ batch, rows, columns, depth }: Product, packed: boolean, threads: number) {
  let best = { rowsPerTile: 4, rowBlocks: 1, columnsPerTile: 32, columnBlocks: 1 };
  let bestCycles = Infinity;
  for (const high of ROWS) {
    if (high > 4 && (high >= rows + 4 || high * depth * 4 > TILE_BYTES)) continue;
    const rowBlocks = Math.ceil(rows / high);
    for (let split = Math.ceil(columns / WIDEST); split <= Math.ceil(columns / WIDEST) + 4 * (threads - 1); split++) {
      const columnsPerTile = Math.ceil(columns / split / 32) * 32;
      const columnBlocks = Math.ceil(columns / columnsPerTile);
      const wide = Math.min(columnsPerTile, columns);
      const used = Math.min(high, rows);
      const pack = depth * used * 1.5 + (packed ? 0 : depth * wide * (used > 1 ? 0.5 : 1));
      const products = (depth * wide * (used > 1 ? Math.ceil(used / 4) * 4 : 2)) / 6;
      const perTile = 300 + pack + products + (depth * wide) / 8 + used * (20 + wide);
      const cycles = Math.ceil((batch * rowBlocks * columnBlocks) / threads) * perTile;
      if (cycles < bestCycles) {
        bestCycles = cycles;
        best = { rowsPerTile: high, rowBlocks, columnsPerTile, columnBlocks };
      }
    }
  }
  return best;
}

function emitProduct(context: LowerContext, node: Node, product: Product, epilogue: EpilogueParams) {
  const { batch, rows, columns, depth, left, right } = product;
  const packed = context.constant(right.name) !== undefined && right.batch === 0;
  const blocks = chooseBlocks(product, packed, context.threads);
  const scratchColumns = packed ? 0 : blocks.columnsPerTile * depth;
  context.emit(
    node,
    'matmul',
    {
      ...epilogue,
      ...scratchParams(context, 4 * (blocks.rowsPerTile * depth + scratchColumns + 4 * blocks.columnsPerTile)),
      ...blocks,
      left: context.dense(left.name),
      leftBatch: 4 * left.batch,
      leftRowStride: 4 * left.outer,
      leftDepthStride: 4 * left.depth,
      panels: packed ? packPanels(context, product) : 0,
      right: packed ? 0 : context.dense(right.name),
      rightBatch: 4 * right.batch,
      rightColumnStride: 4 * right.outer,
      rightDepthStride: 4 * right.depth,
      rows,
      columns,
      depth,
    },
    batch * blocks.rowBlocks * blocks.columnBlocks,
  );
}

/** The constant right side, times alpha, as [N/8][k][8], absent columns zero. */
function packPanels(context: LowerContext, { columns, depth, right, alpha }: Product): Address {
  const panels = Math.ceil(columns / 8);
  const key = `panels8 ${right.outer} ${right.depth} ${columns} ${depth} ${alpha} ${right.name}`;
  return context.packed(key, `${right.name}.packed [${panels}][${depth}][8] f32`, () => {
    const source = context.constant(right.name)!.data as Float32Array;
    const packed = new Float32Array(panels * depth * 8);
    for (let n = 0; n < columns; n++) {
      const to = (n >> 3) * depth * 8 + (n & 7);
      for (let k = 0; k < depth; k++) packed[to + 8 * k] = alpha * source[n * right.outer + k * right.depth]!;
    }
    return packed;
  });
}

/** MatMul of float32; leading axes are equal, or absent (or 1) on one side. */
export const lowerMatMul: LoweringRule = (context, node) => {
  const [a, b] = node.inputs as [string, string];
  if (!allFloat(context, [a, b, node.outputs[0], node.epilogue?.residual])) return false;
  const aDims = context.type(a).dims;
  const bDims = context.type(b).dims;
  const depth = aDims.at(-1)!;
  const rows = aDims.at(-2) ?? 1;
  const columns = bDims.length > 1 ? bDims.at(-1)! : 1;
  const aBatch = elementCount(aDims.slice(0, -2));
  const bBatch = elementCount(bDims.slice(0, -2));
  const right = (batch: number): Side => ({ name: b, batch, outer: 1, depth: columns });
  const left = (batch: number): Side => ({ name: a, batch, outer: depth, depth: 1 });
  let product: Product;
  if (bBatch === 1) {
    // One right side for all: the matrices of the left side are one tall matrix.
    product = { batch: 1, rows: aBatch * rows, columns, depth, left: left(0), right: right(0), alpha: 1 };
  } else {
    const same = `${trimOnes(aDims.slice(0, -2))}` === `${trimOnes(bDims.slice(0, -2))}`;
    if (!same && aBatch !== 1) return false;
    product = {
      batch: bBatch,
      rows,
      columns,
      depth,
      left: left(same ? rows * depth : 0),
      right: right(depth * columns),
      alpha: 1,
    };
  }
  emitProduct(context, node, product, epilogueParams(context, node, 0, false));
  return true;
};

function trimOnes(dims: readonly number[]): readonly number[] {
  return dims.slice(dims.findIndex((dim) => dim !== 1) >>> 0);
}

/** Gemm of float32 whose C is absent, one value per column, a constant scalar, or of the result's shape. */
export const lowerGemm: LoweringRule = (context, node) => {
  const [a, b, c] = node.inputs as [string, string, string | undefined];
  const output = node.outputs[0]!;
  if (!allFloat(context, [a, b, c, output, node.epilogue?.residual])) return false;
  const [rows, columns] = context.type(output).dims as [number, number];
  const alpha = float(node, 'alpha', 1);
  const beta = float(node, 'beta', 1);
  if (alpha !== 1 && !context.constant(b)) return false;
  const aDims = context.type(a).dims;
  const bDims = context.type(b).dims;
  const transposedA = int(node, 'transA', 0) !== 0;
  const transposedB = int(node, 'transB', 0) !== 0;
  const addend = c ? gemmAddend(context, node, c, rows, columns, beta) : { bias: 0 as const, residual: 0 as const };
  if (!addend) return false;
  const product: Product = {
    batch: 1,
    rows,
    columns,
    depth: transposedA ? aDims[0]! : aDims[1]!,
    left: { name: a, batch: 0, outer: transposedA ? 1 : aDims[1]!, depth: transposedA ? aDims[1]! : 1 },
    right: { name: b, batch: 0, outer: transposedB ? bDims[1]! : 1, depth: transposedB ? 1 : bDims[1]! },
    alpha,
  };
  const epilogue = epilogueParams(context, node, addend.bias, false);
  emitProduct(context, node, product, addend.residual ? { ...epilogue, residual: addend.residual } : epilogue);
  return true;
};

/** Where the kernel finds beta · C, or undefined where it cannot. */
function gemmAddend(context: LowerContext, node: Node, c: string, rows: number, columns: number, beta: number) {
  const dims = context.type(c).dims;
  const count = elementCount(dims);
  const perColumn = count === columns && dims.at(-1) === columns;
  const constant = context.constant(c);
  if (perColumn && beta === 1) return { bias: context.dense(c), residual: 0 as const };
  if (constant && (perColumn || count === 1)) {
    const source = constant.data as Float32Array;
    const bias = context.packed(`bias ${columns} ${beta} ${c}`, `${c}.bias [${columns}] f32`, () =>
      Float32Array.from({ length: columns }, (_, n) => beta * source[count === 1 ? 0 : n]!),
    );
    return { bias, residual: 0 as const };
  }
  const whole = count === rows * columns && beta === 1 && node.epilogue?.residual === undefined;
  return whole ? { bias: 0 as const, residual: context.dense(c) } : undefined;
}
