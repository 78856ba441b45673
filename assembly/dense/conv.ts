// Convolution as a product of packed weights [M/4][C·kh·kw][4] with a tile of patches [P/8][C·kh·kw][8] that is gathered into
// scratch. A tile is one block of output positions times one block of outputs of one group of one image.
import * as field from '../gen/layout';
import { finishPlane } from './epilogue';
import { product4x4, product4x8 } from './micro';

/**
 * Scratch: patches [P/8][K][8] f32, masks [taps][P] i32 (all ones inside the image), offsets [taps][P] i32 (bytes from the
 * channel's first value, 0 outside the image), sums [4][P] f32,
 * starts [P/4] i32 (see locate).
 */
export function conv(p: usize, begin: i32, end: i32, thread: i32): void {
  const channels = load<i32>(p, field.CONV_CHANNELS);
  const taps = load<i32>(p, field.CONV_KERNEL_HEIGHT) * load<i32>(p, field.CONV_KERNEL_WIDTH);
  const depth = channels * taps;
  const groups = load<i32>(p, field.CONV_GROUPS);
  const outputs = load<i32>(p, field.CONV_OUTPUTS);
  const width = load<i32>(p, field.CONV_OUT_WIDTH);
  const positions = load<i32>(p, field.CONV_OUT_HEIGHT) * width;
  const perTile = load<i32>(p, field.CONV_POSITIONS_PER_TILE);
  const outputsPerTile = load<i32>(p, field.CONV_OUTPUTS_PER_TILE);
  const positionBlocks = load<i32>(p, field.CONV_POSITION_BLOCKS);
  const outputBlocks = load<i32>(p, field.CONV_OUTPUT_BLOCKS);
  const panelBytes = (<usize>depth) << 5;

  const patches = load<usize>(p, field.CONV_SCRATCH) + <usize>thread * load<usize>(p, field.CONV_SCRATCH_STRIDE);
  const masks = patches + <usize>(perTile >> 3) * panelBytes;
  const offsets = masks + ((<usize>(taps * perTile)) << 2);
  const sums = offsets + ((<usize>(taps * perTile)) << 2);
  const sumsStride = (<usize>perTile) << 2;

  let packed = -1;
  for (let tile = begin; tile < end; tile++) {
    const patchBlock = tile / outputBlocks;
    const first = (patchBlock % positionBlocks) * perTile;
    const image = patchBlock / positionBlocks;
    const group = image % groups;
    const count = min(perTile, positions - first);
    if (patchBlock != packed) {
      gather(p, image, first, count, patches, masks, offsets, sums + (sumsStride << 2));
      packed = patchBlock;
    }
    const lastOutput = min(outputs, (tile - patchBlock * outputBlocks + 1) * outputsPerTile);
    const panels = (outputs + 3) >> 2;
    for (let m = (tile - patchBlock * outputBlocks) * outputsPerTile; m < lastOutput; m += 4) {
      const weights = load<usize>(p, field.CONV_WEIGHTS) + ((<usize>((group * panels + (m >> 2)) * depth)) << 4);
      let patch = patches;
      for (let i = 0; i < count; i += 8) {
        if (count - i > 4) product4x8(weights, patch, depth, sums + ((<usize>i) << 2), sumsStride);
        else product4x4(weights, patch, depth, sums + ((<usize>i) << 2), sumsStride);
        patch += panelBytes;
      }
      const rows = min(4, outputs - m);
      for (let r = 0; r < rows; r++) {
        const plane = <usize>(image * outputs + m + r);
        finishPlane(p, sums + <usize>r * sumsStride, count, plane, group * outputs + m + r, first, positions, width);
      }
    }
  }
}

/** Fills `patches` for positions `first .. first + count` of one image and group (`image` = n · groups + group). */
function gather(
  p: usize,
  image: i32,
  first: i32,
  count: i32,
  patches: usize,
  masks: usize,
  offsets: usize,
  starts: usize,
): void {
  const channels = load<i32>(p, field.CONV_CHANNELS);
  const width = load<i32>(p, field.CONV_WIDTH);
  const top = load<i32>(p, field.CONV_TOP);
  const left = load<i32>(p, field.CONV_LEFT);
  const kernelHeight = load<i32>(p, field.CONV_KERNEL_HEIGHT);
  const kernelWidth = load<i32>(p, field.CONV_KERNEL_WIDTH);
  const taps = kernelHeight * kernelWidth;
  const perTile = load<i32>(p, field.CONV_POSITIONS_PER_TILE);
  const planeBytes = (<usize>(load<i32>(p, field.CONV_HEIGHT) * width)) << 2;
  const input = load<usize>(p, field.CONV_INPUT);
  const inputEnd = input + load<usize>(p, field.CONV_INPUT_BYTES);
  const padded = (count + 7) & ~7;
  const panelBytes = (<usize>(channels * taps)) << 5;
  locate(p, first, count, padded, masks, offsets, starts);

  // At stride 1 with as many columns out as in, neighboring positions read neighboring values even across row ends.
  const straight =
    load<i32>(p, field.CONV_STRIDE_X) == 1 &&
    load<i32>(p, field.CONV_STRIDE_Y) == 1 &&
    load<i32>(p, field.CONV_OUT_WIDTH) == width;
  const stride = load<i32>(p, field.CONV_STRIDE_X);
  // How far behind the first value the first position may read; it and `together` are negative where fours cannot be loaded
  // at once: they lie in two rows, or more than every other value is left out, or the input is too small.
  const nearest = load<i32>(starts);
  const room = load<i32>(p, field.CONV_INPUT_BYTES) - 32 - (load<i32>(starts + <usize>(padded - 4)) - nearest);
  let together = room | (2 - stride);
  for (let i = 0; i < padded; i += 4) together |= load<i32>(starts + <usize>i);
  let channel = input + <usize>(image * channels) * planeBytes;
  let target = patches;
  for (let c = 0; c < channels; c++) {
    for (let tap = 0; tap < taps; tap++) {
      const ky = tap / kernelWidth;
      const kx = tap - ky * kernelWidth;
      const table = (<usize>(tap * perTile)) << 2;
      const dy = ky * load<i32>(p, field.CONV_DILATION_Y) - top;
      const dx = kx * load<i32>(p, field.CONV_DILATION_X) - left;
      // Rows above the first of a wide image may lie below address 0, which is far above the end.
      const source = channel + <usize>((first + dy * width + dx) << 2);
      const within = source >= input && source < inputEnd && source + ((<usize>padded) << 2) <= inputEnd;
      if (straight && within) {
        copyMasked(source, masks + table, padded, target, panelBytes);
      } else {
        const origin = channel + <usize>((dy * width + dx) << 2);
        if (together >= 0 && origin + nearest - input <= <usize>room) {
          pickFours(origin, starts, stride == 2, masks + table, padded, target, panelBytes);
        } else {
          pick(channel, offsets + table, masks + table, padded, target, panelBytes);
        }
      }
      target += 32;
    }
    channel += planeBytes;
  }
}

/**
 * For each tap and position: where it reads in a channel, and whether that lies inside the image. For each four positions:
 * the row and column offset of the first, or -1 where they do not lie in one output row.
 */
function locate(p: usize, first: i32, count: i32, padded: i32, masks: usize, offsets: usize, starts: usize): void {
  const width = load<i32>(p, field.CONV_WIDTH);
  const outWidth = load<i32>(p, field.CONV_OUT_WIDTH);
  const tableBytes = load<usize>(p, field.CONV_POSITIONS_PER_TILE) << 2;
  const kernelHeight = load<i32>(p, field.CONV_KERNEL_HEIGHT);
  const kernelWidth = load<i32>(p, field.CONV_KERNEL_WIDTH);
  const strideY = load<i32>(p, field.CONV_STRIDE_Y);
  const strideX = load<i32>(p, field.CONV_STRIDE_X);
  const heights = i32x4.splat(load<i32>(p, field.CONV_HEIGHT));
  const widths = i32x4.splat(width);
  let oy = first / outWidth;
  let ox = first - oy * outWidth;
  for (let i = 0; i < padded; i += 4) {
    store<i32>(starts + (<usize>i), ox + 3 < outWidth ? (oy * strideY * width + ox * strideX) << 2 : -1);
    let ys = i32x4.splat(0);
    let xs = ys;
    for (let lane = 0; lane < 4; lane++) {
      // Lanes move down by one, so that after four of them the first is in lane 0.
      ys = i32x4.replace_lane(v128.shuffle<i32>(ys, ys, 1, 2, 3, 0), 3, oy * strideY);
      xs = i32x4.replace_lane(v128.shuffle<i32>(xs, xs, 1, 2, 3, 0), 3, ox * strideX);
      if (++ox == outWidth) {
        ox = 0;
        oy++;
      }
    }
    const real = i32x4.lt_s(i32x4.add(i32x4.splat(i), i32x4(0, 1, 2, 3)), i32x4.splat(count));
    let table = (<usize>i) << 2;
    for (let ky = 0; ky < kernelHeight; ky++) {
      const y = i32x4.add(ys, i32x4.splat(ky * load<i32>(p, field.CONV_DILATION_Y) - load<i32>(p, field.CONV_TOP)));
      const realRow = v128.and(real, i32x4.lt_u(y, heights));
      const row = i32x4.mul(y, widths);
      for (let kx = 0; kx < kernelWidth; kx++) {
        const x = i32x4.add(xs, i32x4.splat(kx * load<i32>(p, field.CONV_DILATION_X) - load<i32>(p, field.CONV_LEFT)));
        const inside = v128.and(realRow, i32x4.lt_u(x, widths));
        v128.store(masks + table, inside);
        v128.store(offsets + table, v128.and(inside, i32x4.shl(i32x4.add(row, x), 2)));
        table += tableBytes;
      }
    }
  }
}

function copyMasked(source: usize, masks: usize, padded: i32, target: usize, panelBytes: usize): void {
  for (let i = 0; i < padded; i += 8) {
    v128.store(target, v128.and(v128.load(source), v128.load(masks)));
    v128.store(target, v128.and(v128.load(source, 16), v128.load(masks, 16)), 16);
    source += 32;
    masks += 32;
    target += panelBytes;
  }
}

/** Loads four positions at once. `tap` is the address that the tap reads at offset 0 of `starts`; `apart` says stride 2, else it is 1. */
function pickFours(
  tap: usize,
  starts: usize,
  apart: bool,
  masks: usize,
  padded: i32,
  target: usize,
  panelBytes: usize,
): void {
  for (const end = starts + <usize>padded; starts < end; starts += 8) {
    const a = tap + load<i32>(starts);
    const b = tap + load<i32>(starts, 4);
    let x = v128.load(a);
    let y = v128.load(b);
    if (apart) {
      x = v128.shuffle<f32>(x, v128.load(a, 16), 0, 2, 4, 6);
      y = v128.shuffle<f32>(y, v128.load(b, 16), 0, 2, 4, 6);
    }
    v128.store(target, v128.and(x, v128.load(masks)));
    v128.store(target, v128.and(y, v128.load(masks, 16)), 16);
    masks += 32;
    target += panelBytes;
  }
}

/** Any positions and stride. */
function pick(channel: usize, offsets: usize, masks: usize, padded: i32, target: usize, panelBytes: usize): void {
  for (let i = 0; i < padded; i += 8) {
    for (let lane: usize = 0; lane < 32; lane += 4) {
      store<i32>(target + lane, load<i32>(channel + load<usize>(offsets + lane)) & load<i32>(masks + lane));
    }
    offsets += 32;
    masks += 32;
    target += panelBytes;
  }
}
