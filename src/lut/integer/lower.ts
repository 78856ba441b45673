import type { Node } from '../../graph/types.js';
import { OUTPUT_PANEL, OUTPUT_QUAD, POSITION_GROUP } from '../../kernels/lookup.js';
import type { LowerContext, LoweringRule } from '../../plan/types.js';
import { LOOKUP_OPSET } from '../domain.js';
import { quantizedInput } from '../lower/planes.js';
import { sumFields } from '../lower/sums.js';
import { inputsOf, ruleName } from '../operator.js';
import { quantizedConvShape } from './evaluate.js';
import { QUANTIZED_CONV } from './spec.js';

/** Products of one term. */
const STEP = 4;

/** Lowers QuantizedConv with its epilogue to one kernel call, after quantizing its input. */
function lowerQuantizedConv(context: LowerContext, node: Node): boolean {
  const planes = quantizedInput(context, node);
  if (!planes) return false;
  const inputs = node.inputs.map((name) => ({ ...context.type(name) }));
  const { dims, window } = quantizedConvShape({ node, opset: LOOKUP_OPSET, inputs });
  const { plane, zeroPoint, pitch, pads } = planes;
  const [images, channels] = planes.dims;
  const outputs = dims[1]!;
  const [height, width] = window.kernel as [number, number];
  // Planes of one value have no border, so the window has one tap: a linear layer.
  const rows = plane === 1;
  // Four neighbors of a row of the window meet in a lane, or for narrow windows four channels.
  const narrow = width < 3;
  const group = narrow ? STEP : 1;
  const step = STEP / group;
  const columns = Math.ceil(width / step);
  const { params, source, tiles, terms } = sumFields(context, node, {
    source: { rows, pitch: rows ? channels : pitch, pads, dims: [images, Math.ceil(channels / group), 1, 1] },
    window,
    outputs,
    unit: rows ? OUTPUT_PANEL : OUTPUT_QUAD,
    columns,
    step,
    gathered: POSITION_GROUP * STEP,
  });

  const name = inputsOf(QUANTIZED_CONV, node).W;
  const weights = context.constant(name)!.data as Int8Array;
  const depth = weights.length / outputs;
  const quads = Math.ceil(outputs / OUTPUT_QUAD);
  const table = context.packed(`dot ${name}`, `${name}.packed [${quads}][${terms}][4][4] i8`, () => {
    const packed = new Int8Array(quads * terms * OUTPUT_QUAD * STEP);
    weights.forEach((weight, i) => {
      const m = Math.floor(i / depth);
      const column = i % width;
      const row = Math.floor((i % depth) / width);
      const channel = Math.floor(row / height);
      const line = Math.floor(channel / group) * height + (row % height);
      const term = line * columns + Math.floor(column / step);
      const lane = (narrow ? channel : column) % STEP;
      const to = (Math.floor(m / OUTPUT_QUAD) * terms + term) * OUTPUT_QUAD + (m % OUTPUT_QUAD);
      packed[to * STEP + lane] = weight;
    });
    return packed;
  });
  // Quantized activations are counted from 0, and also outside of the image.
  const corrections = context.packed(`dot ${name} ${zeroPoint}`, `${name}.corrections [${quads}][4] i32`, () => {
    const sums = new Int32Array(quads * OUTPUT_QUAD);
    weights.forEach((weight, i) => {
      sums[Math.floor(i / depth)]! -= weight * zeroPoint;
    });
    return sums;
  });
  context.emit(
    node,
    'quantizedConv',
    {
      ...params,
      input: { buffer: planes.buffer, byteOffset: 0 },
      inputOffsets: source.offsets,
      inputStride: group * plane,
      inputBatch: channels * plane,
      channels,
      laneStride: narrow ? plane : 0,
      rows: Number(rows),
      stepOffsets: source.tapOffsets,
      steps: source.taps,
      weights: table,
      corrections,
    },
    tiles,
  );
  return true;
}

/** The fast path of the integer family. */
export const INTEGER_RULES: Readonly<Record<string, LoweringRule>> = { [ruleName(QUANTIZED_CONV)]: lowerQuantizedConv };
