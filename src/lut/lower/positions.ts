import { OUTSIDE_CODE, POSITION_GROUP } from '../../kernels/lookup.js';
import type { SpatialWindow } from '../../ops/windows.js';
import type { Address, LowerContext } from '../../plan/types.js';

/**
 * Codes of an Encode as its LookUps read them, u8. Maps keep one plane per codebook with a border of 0x80 as wide as the widest
 * padding of any LookUp; codes of 1×1 maps (linear layers) are rows: [codebooks][N], so that images stand side by side in lanes.
 *
 *     maps: (n, c, y, x) at ((n·codebooks + c)·plane) + (y + top)·pitch + x + left
 *     rows: (n, c)       at c·N + n
 */
export interface CodePlanes {
  readonly address: Address;
  readonly rows: boolean;
  readonly centroids: number;
  /** N, codebooks, H, W. */
  readonly dims: readonly [number, number, number, number];
  readonly pads: readonly [top: number, left: number, bottom: number, right: number];
  readonly pitch: number;
  /** Bytes from one codebook to the next, and from one image to the next. */
  readonly stride: number;
  readonly batch: number;
}

/** Kernels may read a whole vector across the end of a buffer. */
const SLACK = 64;

/** Reserves storage for codes. */
export function codePlanes(
  context: LowerContext,
  label: string,
  dims: CodePlanes['dims'],
  pads: CodePlanes['pads'],
  centroids: number,
): CodePlanes {
  const [batch, codebooks, height, width] = dims;
  const padded = pads.some((pad) => pad > 0);
  const rows = height * width === 1 && !padded;
  const pitch = pads[1] + width + pads[3];
  const plane = rows ? batch : pitch * (pads[0] + height + pads[2]);
  const bytes = (rows ? 1 : batch) * codebooks * plane + SLACK;
  const shape = rows ? `[${codebooks}][${batch}]` : `[${batch}][${codebooks}][${plane / pitch}][${pitch}]`;
  const name = `${label}.codes ${shape} u8`;
  const address = padded ? context.persistent(name, bytes, OUTSIDE_CODE) : context.temporary(name, bytes);
  return { address, rows, centroids, dims, pads, pitch, stride: plane, batch: rows ? 0 : codebooks * plane };
}

/** Interns i32 offsets, as of the taps of a window. */
export function offsetTable(context: LowerContext, offsets: readonly number[]): Address {
  return context.packed(`offsets ${offsets}`, `offsets [${offsets.length}] i32`, () => Int32Array.from(offsets));
}

/**
 * Interns i32 [positions rounded up to 16]. The places beyond the last position repeat the first of their group, so that such a
 * group never looks like a run of neighbors.
 */
export function positionTable(
  context: LowerContext,
  key: string,
  positions: number,
  offset: (position: number) => number,
): Address {
  const length = Math.ceil(positions / POSITION_GROUP) * POSITION_GROUP;
  return context.packed(`positions ${key}`, `positions [${length}] i32 ${key}`, () =>
    Int32Array.from({ length }, (_, p) => offset(p < positions ? p : p - (p % POSITION_GROUP))),
  );
}

/** Offsets of every pixel of an `height`×`width` map inside padded planes. */
export function pixelTable(
  context: LowerContext,
  height: number,
  width: number,
  pitch: number,
  top: number,
  left: number,
): Address {
  const key = `pixels ${height}x${width} pitch ${pitch} at ${top},${left}`;
  return positionTable(context, key, height * width, (p) => (Math.floor(p / width) + top) * pitch + (p % width) + left);
}

/** Offsets of the first tap of every window over planes that have `pads` around them. */
export function windowTable(
  context: LowerContext,
  { output, strides, begins }: SpatialWindow,
  pitch: number,
  pads: readonly number[],
): Address {
  const [height = 1, width = 1] = output;
  const [strideY = 1, strideX = 1] = strides;
  const top = pads[0]! - begins[0]!;
  const left = pads[1]! - begins[1]!;
  const key = `windows ${height}x${width} strides ${strides} pitch ${pitch} at ${top},${left}`;
  return positionTable(
    context,
    key,
    height * width,
    (p) => (Math.floor(p / width) * strideY + top) * pitch + (p % width) * strideX + left,
  );
}

/** How many ranges to split each of `units` into, so that threads share the work evenly. */
export function splits(units: number, threads: number, most: number): number {
  if (threads === 1) return 1;
  const TILES_PER_THREAD = 4;
  return Math.max(1, Math.min(most, Math.ceil((TILES_PER_THREAD * threads) / units)));
}
