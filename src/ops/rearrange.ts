import type { AnyContext } from './define.js';
import { check, checkEqual, choice, dimsOf, int, numbers } from './define.js';
import type { Operator } from './operator.js';
import { checkSize, rearrange } from './shape.js';
import { offsets, range, stridesOf } from './strides.js';

function tile(context: AnyContext): Int32Array[] {
  const dims = dimsOf(context);
  const repeats = numbers(context, 1)!;
  checkEqual(context.node, 'repeats has the wrong length', dims.length, repeats.length);
  const strides = stridesOf(dims);
  return dims.map((size, d) => {
    checkSize(context, repeats[d]!);
    checkSize(context, size * repeats[d]!);
    return range(size * repeats[d]!, 1).map((i) => (i % size) * strides[d]!);
  });
}

/** block size, and the axes of the input read as [n, …] in the order that makes the output. */
function blocks(context: AnyContext): { size: number; n: number; c: number; h: number; w: number } {
  const dims = dimsOf(context);
  const size = int(context.node, 'blocksize');
  checkEqual(context.node, 'the input has the wrong rank', 4, dims.length);
  check(context.node, size > 0, 'blocksize is out of range', 'at least 1', size);
  const [n, c, h, w] = dims as [number, number, number, number];
  return { size, n, c, h, w };
}

function depthToSpace(context: AnyContext): ArrayLike<number>[] {
  const { size, n, c, h, w } = blocks(context);
  check(context.node, c % (size * size) === 0, 'channels do not fill blocks', `a multiple of ${size * size}`, c);
  const depth = c / (size * size);
  const columnRow = choice(context.node, 'mode', ['DCR', 'CRD']) === 'CRD';
  const plane = h * w;
  // Strides of (block row, block column, channel) in the channel axis.
  const [row, column, channel] = columnRow ? [size, 1, size * size] : [size * depth, depth, 1];
  return [
    range(n, c * plane),
    range(depth, channel! * plane),
    offsets([range(h, w), range(size, row! * plane)]),
    offsets([range(w, 1), range(size, column! * plane)]),
  ];
}

function spaceToDepth(context: AnyContext): ArrayLike<number>[] {
  const { size, n, c, h, w } = blocks(context);
  const whole = h % size === 0 && w % size === 0;
  check(context.node, whole, 'the plane does not fill blocks', `multiples of ${size}`, [h, w]);
  return [
    range(n, c * h * w),
    offsets([range(size, w), range(size, 1), range(c, h * w)]),
    range(h / size, size * w),
    range(w / size, size),
  ];
}

export const REARRANGE: readonly Operator[] = [
  rearrange('Tile', tile, { arity: [2, 2] }),
  rearrange('DepthToSpace', depthToSpace, { attributes: 'blocksize mode' }),
  rearrange('SpaceToDepth', spaceToDepth, { attributes: 'blocksize' }),
];
