// Matrix products y[r][n] = epilogue(Σ_k a[r][k] · b[k][n]). A tile is one block of rows times one block of columns of one matrix
// of the batch. Rows are packed [R/4][k][4] into scratch; columns come packed [N/8][k][8] with the plan, or are packed per tile.
import * as field from '../gen/layout';
import { finishColumns } from './epilogue';
import { product1x8, product1x32, product4x4, product4x8 } from './micro';
import { transpose4 } from './transpose4';

/** Scratch: rows [R/4][k][4] f32, columns [N/8][k][8] f32 (only where `panels` is 0), sums [4][N] f32. */
export function matmul(p: usize, begin: i32, end: i32, thread: i32): void {
  const depth = load<i32>(p, field.MATMUL_DEPTH);
  const rows = load<i32>(p, field.MATMUL_ROWS);
  const columns = load<i32>(p, field.MATMUL_COLUMNS);
  const rowsPerTile = load<i32>(p, field.MATMUL_ROWS_PER_TILE);
  const columnsPerTile = load<i32>(p, field.MATMUL_COLUMNS_PER_TILE);
  const rowBlocks = load<i32>(p, field.MATMUL_ROW_BLOCKS);
  const columnBlocks = load<i32>(p, field.MATMUL_COLUMN_BLOCKS);
  const panels = load<usize>(p, field.MATMUL_PANELS);
  const panelBytes = (<usize>depth) << 5;
  const packedRows = load<usize>(p, field.MATMUL_SCRATCH) + <usize>thread * load<usize>(p, field.MATMUL_SCRATCH_STRIDE);
  const packedColumns = packedRows + <usize>rowsPerTile * ((<usize>depth) << 2);
  const sums = packedColumns + (panels ? 0 : <usize>(columnsPerTile >> 3) * panelBytes);
  const sumsStride = (<usize>columnsPerTile) << 2;

  for (let tile = begin; tile < end; tile++) {
    const rowBlock = tile / columnBlocks;
    const batch = rowBlock / rowBlocks;
    const firstRow = (rowBlock - batch * rowBlocks) * rowsPerTile;
    const firstColumn = (tile - rowBlock * columnBlocks) * columnsPerTile;
    const rowCount = min(rowsPerTile, rows - firstRow);
    const columnCount = min(columnsPerTile, columns - firstColumn);
    packRows(p, batch, firstRow, rowCount, packedRows);
    let right = packedColumns;
    if (panels) right = panels + <usize>(firstColumn >> 3) * panelBytes;
    else packColumns(p, batch, firstColumn, columnCount, packedColumns);

    for (let r = 0; r < rowCount; r += 4) {
      const left = packedRows + ((<usize>(r * depth)) << 2);
      const lanes = min(4, rowCount - r);
      let n: i32 = 0;
      if (lanes == 1) {
        for (; n + 32 <= columnCount; n += 32) {
          product1x32(left, right + <usize>(n >> 3) * panelBytes, depth, sums + ((<usize>n) << 2));
        }
        for (; n < columnCount; n += 8) {
          product1x8(left, right + <usize>(n >> 3) * panelBytes, depth, sums + ((<usize>n) << 2));
        }
      } else {
        for (; n < columnCount; n += 8) {
          const panel = right + <usize>(n >> 3) * panelBytes;
          if (columnCount - n > 4) product4x8(left, panel, depth, sums + ((<usize>n) << 2), sumsStride);
          else product4x4(left, panel, depth, sums + ((<usize>n) << 2), sumsStride);
        }
      }
      for (let lane = 0; lane < lanes; lane++) {
        const at = <usize>(batch * rows + firstRow + r + lane) * <usize>columns + <usize>firstColumn;
        finishColumns(p, sums + <usize>lane * sumsStride, columnCount, at, firstColumn);
      }
    }
  }
}

/** Rows to [R/4][k][4]; the absent ones of a last group are zeros, but a lone row is kept as [k]. */
function packRows(p: usize, batch: i32, first: i32, count: i32, target: usize): void {
  const depth = load<i32>(p, field.MATMUL_DEPTH);
  const rowStride = load<usize>(p, field.MATMUL_LEFT_ROW_STRIDE);
  const depthStride = load<usize>(p, field.MATMUL_LEFT_DEPTH_STRIDE);
  let source =
    load<usize>(p, field.MATMUL_LEFT) + <usize>batch * load<usize>(p, field.MATMUL_LEFT_BATCH) + <usize>first * rowStride;
  for (let r = 0; r < count; r += 4) {
    const lanes = min(4, count - r);
    let k0 = 0;
    if (lanes == 4 && depthStride == 4) {
      for (; k0 + 4 <= depth; k0 += 4) transpose4(source + ((<usize>k0) << 2), rowStride, target + ((<usize>k0) << 4), 16);
    }
    const step: usize = lanes == 1 ? 4 : 16;
    for (let lane: usize = 0; lane < step; lane += 4) {
      let to = target + lane + <usize>k0 * step;
      if (<i32>lane < lanes << 2) {
        let from = source + (lane >> 2) * rowStride + <usize>k0 * depthStride;
        for (let k = k0; k < depth; k++) {
          store<f32>(to, load<f32>(from));
          from += depthStride;
          to += step;
        }
      } else {
        for (let k = 0; k < depth; k++) {
          store<f32>(to, 0);
          to += step;
        }
      }
    }
    target += (<usize>depth) << 4;
    source += rowStride << 2;
  }
}

/** Columns to [N/8][k][8]; the absent ones of a last panel are zeros. */
function packColumns(p: usize, batch: i32, first: i32, count: i32, target: usize): void {
  const depth = load<i32>(p, field.MATMUL_DEPTH);
  const columnStride = load<usize>(p, field.MATMUL_RIGHT_COLUMN_STRIDE);
  const depthStride = load<usize>(p, field.MATMUL_RIGHT_DEPTH_STRIDE);
  let source =
    load<usize>(p, field.MATMUL_RIGHT) + <usize>batch * load<usize>(p, field.MATMUL_RIGHT_BATCH) + <usize>first * columnStride;
  for (let n = 0; n < count; n += 8) {
    const lanes = <usize>min(8, count - n);
    if (lanes == 8 && columnStride == 4) {
      let from = source;
      for (let k = 0; k < depth; k++) {
        v128.store(target, v128.load(from));
        v128.store(target, v128.load(from, 16), 16);
        from += depthStride;
        target += 32;
      }
    } else {
      for (let lane: usize = 0; lane < 8; lane++) {
        let from = source + lane * columnStride;
        let to = target + (lane << 2);
        for (let k = 0; k < depth; k++) {
          store<f32>(to, lane < lanes ? load<f32>(from) : 0);
          from += depthStride;
          to += 32;
        }
      }
      target += (<usize>depth) << 5;
    }
    source += columnStride << 3;
  }
}
