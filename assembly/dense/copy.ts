// Moving values of four bytes without looking at them.
import { TRANSPOSE_TILE } from '../gen/constants';
import * as field from '../gen/layout';
import { transpose4 } from './transpose4';

/** Copies rows of `bytes` bytes between two spacings; `total` bytes in all, so the last row may be shorter. */
export function copyRows(p: usize, begin: i32, end: i32, thread: i32): void {
  const bytes = load<i32>(p, field.COPY_ROWS_BYTES);
  const total = load<i32>(p, field.COPY_ROWS_TOTAL);
  const rowsPerTile = load<i32>(p, field.COPY_ROWS_ROWS_PER_TILE);
  const last = min(load<i32>(p, field.COPY_ROWS_ROWS), end * rowsPerTile);
  for (let row = begin * rowsPerTile; row < last; row++) {
    memory.copy(
      load<usize>(p, field.COPY_ROWS_OUTPUT) + <usize>row * load<usize>(p, field.COPY_ROWS_OUTPUT_STRIDE),
      load<usize>(p, field.COPY_ROWS_INPUT) + <usize>row * load<usize>(p, field.COPY_ROWS_INPUT_STRIDE),
      <usize>min(bytes, total - row * bytes),
    );
  }
}

/** [batch][rows][columns][chunk] → [batch][columns][rows][chunk]. A tile is TRANSPOSE_TILE columns of one batch item. */
export function transpose(p: usize, begin: i32, end: i32, thread: i32): void {
  const rows = load<i32>(p, field.TRANSPOSE_ROWS);
  const columns = load<i32>(p, field.TRANSPOSE_COLUMNS);
  const chunk = load<i32>(p, field.TRANSPOSE_CHUNK);
  const chunkBytes = (<usize>chunk) << 2;
  const inputRow = <usize>columns * chunkBytes;
  const outputRow = <usize>rows * chunkBytes;
  const blocks = (columns + TRANSPOSE_TILE - 1) / TRANSPOSE_TILE;
  for (let tile = begin; tile < end; tile++) {
    const batch = tile / blocks;
    const first = (tile - batch * blocks) * TRANSPOSE_TILE;
    const count = min(TRANSPOSE_TILE, columns - first);
    const matrix = <usize>batch * <usize>rows * inputRow;
    let from = load<usize>(p, field.TRANSPOSE_INPUT) + matrix + <usize>first * chunkBytes;
    let to = load<usize>(p, field.TRANSPOSE_OUTPUT) + matrix + <usize>first * outputRow;
    let r = 0;
    if (chunk == 1 && count == TRANSPOSE_TILE) {
      for (; r + 4 <= rows; r += 4) {
        transpose4(from, inputRow, to, outputRow);
        from += inputRow << 2;
        to += 16;
      }
    }
    for (; r < rows; r++) {
      for (let c = 0; c < count; c++) {
        const source = from + <usize>c * chunkBytes;
        const target = to + <usize>c * outputRow;
        if (chunk == 1) store<i32>(target, load<i32>(source));
        else memory.copy(target, source, chunkBytes);
      }
      from += inputRow;
      to += chunkBytes;
    }
  }
}

/** Slices, pads, tilings, expansions: whatever takes the source position apart axis by axis. See src/kernels/dense.ts. */
export function moveByTables(p: usize, begin: i32, end: i32, thread: i32): void {
  const size1 = load<i32>(p, field.MOVE_BY_TABLES_SIZE1);
  const size2 = <usize>load<i32>(p, field.MOVE_BY_TABLES_SIZE2) << 2;
  const size3 = <usize>load<i32>(p, field.MOVE_BY_TABLES_SIZE3) << 2;
  const input2 = load<usize>(p, field.MOVE_BY_TABLES_INPUT2);
  const input3 = load<usize>(p, field.MOVE_BY_TABLES_INPUT3);
  const output2 = load<usize>(p, field.MOVE_BY_TABLES_OUTPUT2);
  const output3 = load<usize>(p, field.MOVE_BY_TABLES_OUTPUT3);
  const straight = load<i32>(p, field.MOVE_BY_TABLES_STRAIGHT);
  for (let tile = begin; tile < end; tile++) {
    const i = (<usize>(tile / size1)) << 2;
    const j = (<usize>(tile % size1)) << 2;
    const from =
      load<usize>(p, field.MOVE_BY_TABLES_INPUT) +
      load<usize>(load<usize>(p, field.MOVE_BY_TABLES_INPUT0) + i) +
      load<usize>(load<usize>(p, field.MOVE_BY_TABLES_INPUT1) + j);
    const to =
      load<usize>(p, field.MOVE_BY_TABLES_OUTPUT) +
      load<usize>(load<usize>(p, field.MOVE_BY_TABLES_OUTPUT0) + i) +
      load<usize>(load<usize>(p, field.MOVE_BY_TABLES_OUTPUT1) + j);
    for (let k: usize = 0; k < size2; k += 4) {
      const source = from + load<usize>(input2 + k);
      const target = to + load<usize>(output2 + k);
      if (straight) {
        memory.copy(target, source, size3);
      } else {
        for (let l: usize = 0; l < size3; l += 4) {
          store<i32>(target + load<usize>(output3 + l), load<i32>(source + load<usize>(input3 + l)));
        }
      }
    }
  }
}

export function fill(p: usize, begin: i32, end: i32, thread: i32): void {
  const perTile = load<i32>(p, field.FILL_PER_TILE);
  const last = min(load<i32>(p, field.FILL_COUNT), end * perTile);
  const value = v128.load32_splat(p, field.FILL_VALUE);
  let i = begin * perTile;
  let to = load<usize>(p, field.FILL_OUTPUT) + ((<usize>i) << 2);
  for (; i + 4 <= last; i += 4) {
    v128.store(to, value);
    to += 16;
  }
  for (; i < last; i++) {
    v128.store_lane<f32>(to, value, 0);
    to += 4;
  }
}
