import { int, ints } from '../../ops/define.js';
import { type SpatialWindow, spatialWindow } from '../../ops/windows.js';
import type { LowerContext, LoweringRule } from '../types.js';
import { allFloat, epilogueParams, scratchParams } from './dense-epilogue.js';

type Pair = readonly [y: number, x: number];

/** How a window slides over a map. */
interface Sliding {
  readonly input: Pair;
  readonly output: Pair;
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly begins: Pair;
}

/** A window that slides over `channels` output channels one by one. */
export interface WindowShape extends Sliding {
  readonly batch: number;
  readonly channels: number;
  /** Output channels per input channel. */
  readonly multiplier: number;
  /** How far average pooling counts padding: top, left, bottom, right. */
  readonly counted: readonly [number, number, number, number];
}

/** Input rows of a tile should stay in the first-level cache. */
const ROW_BYTES = 24 * 1024;

/** The parameters of convolutions and pooling that say how their window slides. */
export function slidingParams({ input, output, kernel, strides, dilations, begins }: Sliding) {
  return {
    height: input[0],
    width: input[1],
    outHeight: output[0],
    outWidth: output[1],
    kernelHeight: kernel[0],
    kernelWidth: kernel[1],
    strideY: strides[0],
    strideX: strides[1],
    dilationY: dilations[0],
    dilationX: dilations[1],
    top: begins[0],
    left: begins[1],
  };
}

/** Parameters that depthwise convolution and pooling share, and the number of tiles. */
export function windowParams(context: LowerContext, shape: WindowShape) {
  const [outHeight, outWidth] = shape.output;
  const lanes = Math.ceil(outWidth / 4) * 4;
  // Stride 2 reads two vectors for four outputs, one value more than it uses.
  const reach = lanes * shape.strides[1] + (shape.kernel[1] - 1) * shape.dilations[1] + 1;
  const pitch = Math.ceil(Math.max(reach, shape.begins[1] + 1) / 4) * 4;
  const span = (shape.kernel[0] - 1) * shape.dilations[0] + 1;
  const fitting = Math.floor((ROW_BYTES / (4 * pitch) - span) / shape.strides[0]) + 1;
  const planes = shape.batch * shape.channels;
  const wantedBlocks = Math.max(1, Math.ceil((2 * context.threads) / planes));
  const rowsPerTile = Math.max(
    1,
    Math.min(outHeight, fitting, context.threads > 1 ? Math.ceil(outHeight / wantedBlocks) : outHeight),
  );
  const rowBlocks = Math.ceil(outHeight / rowsPerTile);
  const rows = (rowsPerTile - 1) * shape.strides[0] + span;
  return {
    params: {
      ...scratchParams(context, 4 * (2 * lanes + rows * pitch + 4)),
      channels: shape.channels,
      multiplier: shape.multiplier,
      ...slidingParams(shape),
      countTop: shape.counted[0],
      countLeft: shape.counted[1],
      countBottom: shape.counted[2],
      countRight: shape.counted[3],
      pitch,
      rowsPerTile,
      rowBlocks,
    },
    tiles: planes * rowBlocks,
  };
}

/** MaxPool (first output only) and AveragePool over two spatial axes. */
const lowerPool =
  (kernel: 'maxPool' | 'averagePool'): LoweringRule =>
  (context, node) => {
    const input = node.inputs[0]!;
    const { dims } = context.type(input);
    if (!allFloat(context, [input, node.outputs[0]]) || dims.length !== 4) return false;
    const indices = node.outputs[1];
    if (indices && (context.concrete.consumers.has(indices) || context.concrete.outputs.has(indices))) return false;
    const window = spatialWindow(node, dims.slice(2), ints(node, 'kernel_shape')!, int(node, 'ceil_mode', 0) !== 0);
    const pads = [...window.begins, ...window.ends] as [number, number, number, number];
    const { params, tiles } = windowParams(context, {
      batch: dims[0]!,
      channels: dims[1]!,
      multiplier: 1,
      ...(window as SpatialWindow & Sliding),
      counted: int(node, 'count_include_pad', 0) !== 0 ? pads : [0, 0, 0, 0],
    });
    const epilogue = epilogueParams(context, node, 0, true);
    context.emit(node, kernel, { ...epilogue, ...params, input: context.dense(input), weights: 0 }, tiles);
    return true;
  };

export const lowerMaxPool = lowerPool('maxPool');
export const lowerAveragePool = lowerPool('averagePool');
