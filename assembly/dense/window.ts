// Layers that slide a window over each channel by itself: depthwise convolution, max and average pooling. A tile is one block of
// output rows of one channel of one image; its input rows are copied into scratch with their padding, so that the inner loops
// meet no borders. The three kernels have one parameter block: WINDOW in src/kernels/dense.ts.
import * as field from '../gen/layout';
import { finishPlane } from './epilogue';
import { multiplyAdd } from './micro';

const CONVOLUTION: i32 = 0;
const MAXIMUM: i32 = 1;
const AVERAGE: i32 = 2;

/** Output channel m reads input channel m / multiplier. Weights [M][kh·kw]. */
export function depthwiseConv(p: usize, begin: i32, end: i32, thread: i32): void {
  slide(p, begin, end, thread, CONVOLUTION);
}

/** Padding never wins. */
export function maxPool(p: usize, begin: i32, end: i32, thread: i32): void {
  slide(p, begin, end, thread, MAXIMUM);
}

/** Divides by the number of window positions inside the image widened by the `count` fields. */
export function averagePool(p: usize, begin: i32, end: i32, thread: i32): void {
  slide(p, begin, end, thread, AVERAGE);
}

/** Scratch: sums [ow up to 4] f32, counts [ow up to 4] f32 (average only), padded input rows [rows][pitch] f32. */
// @ts-ignore: decorator
@inline
function slide(p: usize, begin: i32, end: i32, thread: i32, mode: i32): void {
  const channels = load<i32>(p, field.WINDOW_CHANNELS);
  const width = load<i32>(p, field.WINDOW_WIDTH);
  const height = load<i32>(p, field.WINDOW_HEIGHT);
  const outWidth = load<i32>(p, field.WINDOW_OUT_WIDTH);
  const outHeight = load<i32>(p, field.WINDOW_OUT_HEIGHT);
  const taps = load<i32>(p, field.WINDOW_KERNEL_HEIGHT) * load<i32>(p, field.WINDOW_KERNEL_WIDTH);
  const strideY = load<i32>(p, field.WINDOW_STRIDE_Y);
  const multiplier = load<i32>(p, field.WINDOW_MULTIPLIER);
  const rowsPerTile = load<i32>(p, field.WINDOW_ROWS_PER_TILE);
  const rowBlocks = load<i32>(p, field.WINDOW_ROW_BLOCKS);
  const rowBytes = load<usize>(p, field.WINDOW_PITCH) << 2;
  const sums = load<usize>(p, field.WINDOW_SCRATCH) + (<usize>thread) * load<usize>(p, field.WINDOW_SCRATCH_STRIDE);
  const lineBytes = <usize>((outWidth + 3) & ~3) << 2;
  const counts = sums + lineBytes;
  const rows = counts + lineBytes;
  if (mode == AVERAGE) {
    countWindow(
      counts,
      outWidth,
      load<i32>(p, field.WINDOW_STRIDE_X),
      load<i32>(p, field.WINDOW_DILATION_X),
      load<i32>(p, field.WINDOW_KERNEL_WIDTH),
      load<i32>(p, field.WINDOW_LEFT),
      -load<i32>(p, field.WINDOW_COUNT_LEFT),
      width + load<i32>(p, field.WINDOW_COUNT_RIGHT),
    );
  }

  for (let tile = begin; tile < end; tile++) {
    const plane = tile / rowBlocks;
    const image = plane / channels;
    const m = plane - image * channels;
    const firstRow = (tile - plane * rowBlocks) * rowsPerTile;
    const lastRow = min(outHeight, firstRow + rowsPerTile);
    const source =
      load<usize>(p, field.WINDOW_INPUT) +
      ((<usize>(image * (channels / multiplier) + m / multiplier) * <usize>height * <usize>width) << 2);
    const top = firstRow * strideY - load<i32>(p, field.WINDOW_TOP);
    const needed =
      (lastRow - firstRow - 1) * strideY +
      (load<i32>(p, field.WINDOW_KERNEL_HEIGHT) - 1) * load<i32>(p, field.WINDOW_DILATION_Y) +
      1;
    padRows(p, source, top, needed, rows, mode == MAXIMUM ? -Infinity : 0);
    const weights = mode == CONVOLUTION ? load<usize>(p, field.WINDOW_WEIGHTS) + ((<usize>(m * taps)) << 2) : 0;
    for (let y = firstRow; y < lastRow; y++) {
      const window = rows + <usize>((y - firstRow) * strideY) * rowBytes;
      if (mode != CONVOLUTION) joinRows(p, window, rowBytes, mode);
      slideRow(p, window, weights, sums, mode);
      if (mode == AVERAGE) divide(p, y, height, sums, counts);
      finishPlane(p, sums, outWidth, <usize>plane, m, y * outWidth, outHeight * outWidth, outWidth);
    }
  }
}

/** What pooling makes of the rows of a window, column by column, goes into the first of them, which no later window reads. */
// @ts-ignore: decorator
@inline
function joinRows(p: usize, window: usize, rowBytes: usize, mode: i32): void {
  const step = rowBytes * load<usize>(p, field.WINDOW_DILATION_Y);
  let row = window;
  for (let ky = load<i32>(p, field.WINDOW_KERNEL_HEIGHT); --ky > 0; ) {
    row += step;
    for (let at: usize = 0; at < rowBytes; at += 16) {
      v128.store(window + at, accumulate(v128.load(window + at), v128.load(row + at), 0, mode));
    }
  }
}

/** One output row from padded input rows. Eight outputs at a time at stride 1, where most of the work is, else four. */
// @ts-ignore: decorator
@inline
function slideRow(p: usize, rows: usize, weights: usize, sums: usize, mode: i32): void {
  const outWidth = load<i32>(p, field.WINDOW_OUT_WIDTH);
  const kernelHeight = mode == CONVOLUTION ? load<i32>(p, field.WINDOW_KERNEL_HEIGHT) : 1;
  const kernelBytes = load<usize>(p, field.WINDOW_KERNEL_WIDTH) << 2;
  const step = load<usize>(p, field.WINDOW_STRIDE_X) << 2;
  const tapBytes = load<usize>(p, field.WINDOW_DILATION_X) << 2;
  const lineBytes = (load<usize>(p, field.WINDOW_PITCH) << 2) * load<usize>(p, field.WINDOW_DILATION_Y);
  let x: i32 = 0;
  if (mode == CONVOLUTION && step == 4) {
    for (; x + 4 < outWidth; x += 8) {
      let sum0 = f32x4.splat(mode == MAXIMUM ? -Infinity : 0);
      let sum1 = sum0;
      let line = rows + ((<usize>x) << 2);
      let weight = weights;
      for (let ky = 0; ky < kernelHeight; ky++) {
        let from = line;
        for (const lineEnd = weight + kernelBytes; weight < lineEnd; weight += 4) {
          sum0 = accumulate(sum0, v128.load(from), weight, mode);
          sum1 = accumulate(sum1, v128.load(from, 16), weight, mode);
          from += tapBytes;
        }
        line += lineBytes;
      }
      v128.store(sums + ((<usize>x) << 2), sum0);
      v128.store(sums + ((<usize>x) << 2), sum1, 16);
    }
  }
  for (; x < outWidth; x += 4) {
    let sum = f32x4.splat(mode == MAXIMUM ? -Infinity : 0);
    let line = rows + <usize>x * step;
    let weight = weights;
    for (let ky = 0; ky < kernelHeight; ky++) {
      let from = line;
      for (const lineEnd = weight + kernelBytes; weight < lineEnd; weight += 4) {
        sum = accumulate(sum, every(from, step), weight, mode);
        from += tapBytes;
      }
      line += lineBytes;
    }
    v128.store(sums + ((<usize>x) << 2), sum);
  }
}

/** Pooling has no weights: there `weight` only counts the taps. */
// @ts-ignore: decorator
@inline
function accumulate(sum: v128, value: v128, weight: usize, mode: i32): v128 {
  if (mode == CONVOLUTION) return multiplyAdd(v128.load32_splat(weight), value, sum);
  return mode == MAXIMUM ? f32x4.pmax(sum, value) : f32x4.add(sum, value);
}

/** Four values `step` bytes apart. */
// @ts-ignore: decorator
@inline
function every(from: usize, step: usize): v128 {
  if (step == 4) return v128.load(from);
  if (step == 8) return v128.shuffle<f32>(v128.load(from), v128.load(from, 16), 0, 2, 4, 6);
  let value = v128.load32_zero(from);
  value = v128.load_lane<f32>(from + step, value, 1);
  value = v128.load_lane<f32>(from + 2 * step, value, 2);
  return v128.load_lane<f32>(from + 3 * step, value, 3);
}

/** Copies input rows `top .. top + count` with everything outside the image set to `fill`. */
function padRows(p: usize, source: usize, top: i32, count: i32, target: usize, fill: f32): void {
  const width = load<i32>(p, field.WINDOW_WIDTH);
  const height = load<i32>(p, field.WINDOW_HEIGHT);
  const left = load<i32>(p, field.WINDOW_LEFT);
  const pitch = load<i32>(p, field.WINDOW_PITCH);
  const filling = f32x4.splat(fill);
  const copied = min(width, pitch - left);
  for (let r = 0; r < count; r++) {
    for (let x: i32 = 0; x < pitch; x += 4) v128.store(target + ((<usize>x) << 2), filling);
    const y = top + r;
    if (y >= 0 && y < height) {
      let from = source + ((<usize>(y * width)) << 2);
      let to = target + ((<usize>left) << 2);
      let x: i32 = 0;
      for (; x + 4 <= copied; x += 4) {
        v128.store(to, v128.load(from));
        from += 16;
        to += 16;
      }
      for (; x < copied; x++) {
        store<f32>(to, load<f32>(from));
        from += 4;
        to += 4;
      }
    }
    target += (<usize>pitch) << 2;
  }
}

/** counts[o] = number of window positions of output o that lie in low .. high. */
function countWindow(
  counts: usize,
  outputs: i32,
  stride: i32,
  dilation: i32,
  kernel: i32,
  before: i32,
  low: i32,
  high: i32,
): void {
  const padded = (outputs + 3) & ~3;
  for (let o = 0; o < padded; o++) {
    store<f32>(counts + ((<usize>o) << 2), <f32>insideCount(o * stride - before, dilation, kernel, low, high));
  }
}

function insideCount(first: i32, dilation: i32, kernel: i32, low: i32, high: i32): i32 {
  let count = 0;
  for (let k = 0; k < kernel; k++) {
    const at = first + k * dilation;
    count += <i32>(at >= low && at < high);
  }
  return count;
}

function divide(p: usize, y: i32, height: i32, sums: usize, counts: usize): void {
  const inside = insideCount(
    y * load<i32>(p, field.WINDOW_STRIDE_Y) - load<i32>(p, field.WINDOW_TOP),
    load<i32>(p, field.WINDOW_DILATION_Y),
    load<i32>(p, field.WINDOW_KERNEL_HEIGHT),
    -load<i32>(p, field.WINDOW_COUNT_TOP),
    height + load<i32>(p, field.WINDOW_COUNT_BOTTOM),
  );
  const scale = f32x4.splat(<f32>inside);
  const bytes = <usize>((load<i32>(p, field.WINDOW_OUT_WIDTH) + 3) & ~3) << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(sums + at, f32x4.div(v128.load(sums + at), f32x4.mul(scale, v128.load(counts + at))));
  }
}
