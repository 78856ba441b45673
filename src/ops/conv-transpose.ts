import { elementCount } from '../graph/tensor.js';
import { CONV_ATTRIBUTES, kernelShape } from './conv.js';
import * as op from './define.js';
import type { Operator } from './operator.js';
import type { SpatialWindow } from './windows.js';
import { listWindows, windowAttributes } from './windows.js';

/** A transposed convolution is a convolution backwards: `window.input` is its output. */
function transposeShape(context: op.AnyContext): { dims: number[]; window: SpatialWindow; group: number } {
  const { node } = context;
  const x = op.dimsOf(context);
  const weights = op.dimsOf(context, 1);
  const rank = x.length - 2;
  op.check(node, rank >= 1, 'the input has too few axes', 'at least 3', x.length);
  op.checkEqual(node, 'weights and input differ in rank', x.length, weights.length);
  const group = op.int(node, 'group', 1);
  const divides = group >= 1 && x[1]! % group === 0;
  op.check(node, divides, 'channels are not a multiple of group', `a multiple of ${group}`, x[1]);
  op.checkEqual(node, 'channels of input and weights do not fit', weights[0], x[1]);
  const channels = weights[1]! * group;
  op.checkShape(context, 2, [channels], 'bias');
  const kernel = kernelShape(node, weights);
  const { strides, dilations, pads, autoPad } = windowAttributes(node, rank, kernel);
  const extra = op.ints(node, 'output_padding') ?? new Array<number>(rank).fill(0);
  const shape = op.ints(node, 'output_shape');
  op.checkEqual(node, 'output_padding has the wrong length', rank, extra.length);
  op.checkLeast(node, 'output_padding', extra, 0);
  op.check(node, !shape || shape.length === rank, 'output_shape has the wrong length', rank, shape?.length);
  const begins: number[] = [];
  const ends: number[] = [];
  const output = x.slice(2);
  const size = output.map((count, d) => {
    const full = (count - 1) * strides[d]! + (kernel[d]! - 1) * dilations[d]! + 1 + extra[d]!;
    const same = autoPad.startsWith('SAME');
    const wanted = shape?.[d] ?? (same ? count * strides[d]! : undefined);
    if (wanted === undefined) {
      begins[d] = autoPad === 'VALID' ? 0 : pads[d]!;
      ends[d] = autoPad === 'VALID' ? 0 : pads[d + rank]!;
      return full - begins[d]! - ends[d]!;
    }
    const total = Math.max(0, full - wanted);
    const half = total >> 1;
    begins[d] = autoPad === 'SAME_UPPER' ? half : total - half;
    ends[d] = total - begins[d]!;
    // SAME never grows a result whose windows do not reach that far.
    return shape ? wanted : full - total;
  });
  const window = { input: size, kernel, strides, dilations, begins, ends, output };
  return { dims: [x[0]!, channels, ...size], window, group };
}

const convTranspose = op.define({
  name: 'ConvTranspose',
  arity: [2, 3],
  types: [op.FLOAT],
  attributes: `${CONV_ATTRIBUTES} output_padding output_shape`,
  infer: (context) => [{ type: op.typeOf(context), dims: transposeShape(context).dims }],
  evaluate(context, [y]) {
    const { dims, window, group } = transposeShape(context);
    const [x, w, out] = [op.input(context), op.input(context, 1), op.elements(y!)];
    const bias = context.inputs[2] && op.input(context, 2);
    const [batch, channels] = op.dimsOf(context) as [number, number];
    const outChannels = dims[1]! / group;
    const depth = channels / group;
    const windows = listWindows(window);
    const inputSize = elementCount(window.output);
    const outputSize = elementCount(window.input);
    const taps = elementCount(window.kernel);
    const sums = new Float64Array(outputSize);
    for (let n = 0; n < batch; n++) {
      for (let m = 0; m < dims[1]!; m++) {
        const first = Math.floor(m / outChannels) * depth;
        sums.fill(bias ? bias[m]! : 0);
        for (let c = first; c < first + depth; c++) {
          const plane = (n * channels + c) * inputSize;
          const row = (c * outChannels + (m % outChannels)) * taps;
          for (let p = 0; p < inputSize; p++) {
            for (let j = windows.start[p]!; j < windows.start[p + 1]!; j++) {
              const at = windows.input[j]!;
              sums[at] = sums[at]! + x[plane + p]! * w[row + windows.tap[j]!]!;
            }
          }
        }
        for (let i = 0; i < outputSize; i++) out[(n * dims[1]! + m) * outputSize + i] = sums[i]!;
      }
    }
  },
});

export const CONV_TRANSPOSE: readonly Operator[] = [convTranspose];
