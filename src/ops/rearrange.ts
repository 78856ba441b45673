import { elementCount } from '../graph/tensor.js';
import type { AnyContext } from './define.js';
import { check, checkEqual, choice, dimsOf, int, numbers } from './define.js';
import type { Operator } from './operator.js';
import { checkSize, rearrange } from './shape.js';
import { offsets, range, span, stridesOf, type Table } from './strides.js';

function tile(context: AnyContext): Table[] {
  const dims = dimsOf(context);
  const repeats = numbers(context, 1)!;
  checkEqual(context.node, 'repeats has the wrong length', dims.length, repeats.length);
  const strides = stridesOf(dims);
  return dims.map((size, d) => {
    checkSize(context, repeats[d]!);
    checkSize(context, size * repeats[d]!);
    const length = size * repeats[d]!;
    return { length, build: () => range(length, 1).map((i) => (i % size) * strides[d]!) };
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

function depthToSpace(context: AnyContext): Table[] {
  const { size, n, c, h, w } = blocks(context);
  check(context.node, c % (size * size) === 0, 'channels do not fill blocks', `a multiple of ${size * size}`, c);
  const depth = c / (size * size);
  const columnRow = choice(context.node, 'mode', ['DCR', 'CRD']) === 'CRD';
  const plane = h * w;
  // Strides of (block row, block column, channel) in the channel axis.
  const [row, column, channel] = columnRow ? [size, 1, size * size] : [size * depth, depth, 1];
  return [
    span(n, c * plane),
    span(depth, channel! * plane),
    sums([span(h, w), span(size, row! * plane)]),
    sums([span(w, 1), span(size, column! * plane)]),
  ];
}

function spaceToDepth(context: AnyContext): Table[] {
  const { size, n, c, h, w } = blocks(context);
  const whole = h % size === 0 && w % size === 0;
  check(context.node, whole, 'the plane does not fill blocks', `multiples of ${size}`, [h, w]);
  return [
    span(n, c * h * w),
    sums([span(size, w), span(size, 1), span(c, h * w)]),
    span(h / size, size * w),
    span(w / size, size),
  ];
}

/** The outer sum of tables, as one table. */
function sums(tables: readonly Table[]): Table {
  const length = elementCount(tables.map((table) => table.length));
  return { length, build: () => offsets(tables.map((table) => table.build())) };
}

export const REARRANGE: readonly Operator[] = [
  rearrange('Tile', tile, { arity: [2, 2] }),
  rearrange('DepthToSpace', depthToSpace, { attributes: 'blocksize mode' }),
  rearrange('SpaceToDepth', spaceToDepth, { attributes: 'blocksize' }),
];
