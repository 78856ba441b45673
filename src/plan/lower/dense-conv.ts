import type { TensorValue } from '../../graph/types.js';
import { int } from '../../ops/define.js';
import { spatialWindow } from '../../ops/windows.js';
import type { LowerContext, LoweringRule } from '../types.js';
import { allFloat, epilogueParams, scratchParams } from './dense-epilogue.js';
import { chooseTiling } from './dense-tiles.js';
import { slidingParams, windowParams } from './dense-window.js';

/** Two spatial axes from one or two. */
function pair(list: readonly number[], otherwise: number): [number, number] {
  return list.length === 1 ? [otherwise, list[0]!] : [list[0]!, list[1]!];
}

/** Conv over one or two spatial axes with constant float32 weights. */
export const lowerConv: LoweringRule = (context, node) => {
  const [input, weightName, biasName] = node.inputs as [string, string, string | undefined];
  const weights = context.constant(weightName);
  if (!weights || !allFloat(context, [input, weightName, biasName, node.outputs[0], node.epilogue?.residual]))
    return false;
  const { dims } = context.type(input);
  if (dims.length !== 3 && dims.length !== 4) return false;
  const window = spatialWindow(node, dims.slice(2), weights.dims.slice(2));
  const groups = int(node, 'group', 1);
  const shape = {
    batch: dims[0]!,
    channels: dims[1]!,
    outputs: weights.dims[0]!,
    groups,
    input: pair(window.input, 1),
    output: pair(window.output, 1),
    kernel: pair(window.kernel, 1),
    strides: pair(window.strides, 1),
    dilations: pair(window.dilations, 1),
    begins: pair(window.begins, 0),
  };
  const bias = biasName ? context.dense(biasName) : 0;
  const epilogue = epilogueParams(context, node, bias, dims.length === 4);
  if (groups > 1 && groups === shape.channels) {
    const { params, tiles } = windowParams(context, {
      ...shape,
      channels: shape.outputs,
      multiplier: shape.outputs / shape.channels,
      counted: [0, 0, 0, 0],
    });
    const own = { input: context.dense(input), weights: context.dense(weightName) };
    context.emit(node, 'depthwiseConv', { ...epilogue, ...params, ...own }, tiles);
    return true;
  }

  const channels = shape.channels / groups;
  const outputs = shape.outputs / groups;
  const taps = shape.kernel[0] * shape.kernel[1];
  const depth = channels * taps;
  const positions = shape.output[0] * shape.output[1];
  const tiling = chooseTiling(shape.batch * groups, positions, outputs, depth, context.threads);
  const width = tiling.positionsPerTile;
  context.emit(
    node,
    'conv',
    {
      ...epilogue,
      ...scratchParams(context, 4 * width * (depth + 2 * taps + 5)),
      ...tiling,
      input: context.dense(input),
      inputBytes: 4 * dims.reduce((product, dim) => product * dim, 1),
      weights: packWeights(context, weightName, weights, groups),
      channels,
      outputs,
      groups,
      ...slidingParams(shape),
    },
    shape.batch * groups * tiling.positionBlocks * tiling.outputBlocks,
  );
  return true;
};

/** Conv weights [M, C/groups, kh, kw] → [groups][M/groups/4][C/groups·kh·kw][4], absent outputs zero. */
function packWeights(context: LowerContext, name: string, weights: TensorValue, groups: number) {
  const outputs = weights.dims[0]! / groups;
  const depth = weights.data.length / weights.dims[0]!;
  const panels = Math.ceil(outputs / 4);
  const label = `${name}.packed [${groups}][${panels}][${depth}][4] f32`;
  return context.packed(`conv4 ${groups} ${name}`, label, () => {
    const source = weights.data as Float32Array;
    const packed = new Float32Array(groups * panels * depth * 4);
    for (let g = 0; g < groups; g++) {
      for (let m = 0; m < outputs; m++) {
        const from = (g * outputs + m) * depth;
        const to = (g * panels + (m >> 2)) * depth * 4 + (m & 3);
        for (let k = 0; k < depth; k++) packed[to + 4 * k] = source[from + k]!;
      }
    }
    return packed;
  });
}
