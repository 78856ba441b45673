// Moving values of four bytes without looking at them.
import {
  COPY_ROWS_BYTES,
  COPY_ROWS_INPUT,
  COPY_ROWS_INPUT_STRIDE,
  COPY_ROWS_OUTPUT,
  COPY_ROWS_OUTPUT_STRIDE,
  COPY_ROWS_ROWS,
  COPY_ROWS_ROWS_PER_TILE,
  COPY_ROWS_TOTAL,
  TRANSPOSE_CHUNK,
  TRANSPOSE_COLUMNS,
  TRANSPOSE_INPUT,
  TRANSPOSE_OUTPUT,
  TRANSPOSE_ROWS,
} from '../gen/layout';

/** Copies rows of `bytes` bytes between two spacings; `total` bytes in all, so the last row may be shorter. */
export function copyRows(p: usize, begin: i32, end: i32, thread: i32): void {
  const bytes = load<i32>(p, COPY_ROWS_BYTES);
  const total = load<i32>(p, COPY_ROWS_TOTAL);
  const rowsPerTile = load<i32>(p, COPY_ROWS_ROWS_PER_TILE);
  const last = min(load<i32>(p, COPY_ROWS_ROWS), end * rowsPerTile);
  for (let row = begin * rowsPerTile; row < last; row++) {
    memory.copy(
      load<usize>(p, COPY_ROWS_OUTPUT) + <usize>row * load<usize>(p, COPY_ROWS_OUTPUT_STRIDE),
      load<usize>(p, COPY_ROWS_INPUT) + <usize>row * load<usize>(p, COPY_ROWS_INPUT_STRIDE),
      <usize>min(bytes, total - row * bytes),
    );
  }
}

/** [batch][rows][columns][chunk] → [batch][columns][rows][chunk]. A tile is four columns of one batch item. */
export function transpose(p: usize, begin: i32, end: i32, thread: i32): void {
  const rows = load<i32>(p, TRANSPOSE_ROWS);
  const columns = load<i32>(p, TRANSPOSE_COLUMNS);
  const chunk = load<i32>(p, TRANSPOSE_CHUNK);
  const chunkBytes = (<usize>chunk) << 2;
  const inputRow = <usize>columns * chunkBytes;
  const outputRow = <usize>rows * chunkBytes;
  const blocks = (columns + 3) >> 2;
  for (let tile = begin; tile < end; tile++) {
    const batch = tile / blocks;
    const first = (tile - batch * blocks) << 2;
    const count = min(4, columns - first);
    const matrix = <usize>batch * <usize>rows * inputRow;
    let from = load<usize>(p, TRANSPOSE_INPUT) + matrix + <usize>first * chunkBytes;
    let to = load<usize>(p, TRANSPOSE_OUTPUT) + matrix + <usize>first * outputRow;
    let r = 0;
    if (chunk == 1 && count == 4) {
      for (; r + 4 <= rows; r += 4) {
        const a = v128.load(from);
        const b = v128.load(from + inputRow);
        const c = v128.load(from + 2 * inputRow);
        const d = v128.load(from + 3 * inputRow);
        const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
        const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
        const ef = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
        const gh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
        v128.store(to, v128.shuffle<i32>(ab, cd, 0, 1, 4, 5));
        v128.store(to + outputRow, v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
        v128.store(to + 2 * outputRow, v128.shuffle<i32>(ef, gh, 0, 1, 4, 5));
        v128.store(to + 3 * outputRow, v128.shuffle<i32>(ef, gh, 2, 3, 6, 7));
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
