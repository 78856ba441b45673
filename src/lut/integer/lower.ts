import type { Node } from '../../graph/types.js';
import { OUTPUT_QUAD, POSITION_GROUP } from '../../kernels/lookup.js';
import type { LowerContext, LoweringRule } from '../../plan/types.js';
import { LOOKUP_OPSET } from '../domain.js';
import { quantizedInput } from '../lower/planes.js';
import { sumFields } from '../lower/sums.js';
import { inputsOf, ruleName } from '../operator.js';
import { quantizedConvShape } from './evaluate.js';
import { QUANTIZED_CONV } from './spec.js';

/** Taps of one term: neighbors of one row of the window. */
const STEP = 4;

/** Lowers QuantizedConv with its epilogue to one kernel call, after quantizing its input. */
function lowerQuantizedConv(context: LowerContext, node: Node): boolean {
  const planes = quantizedInput(context, node);
  if (!planes) return false;
  const inputs = node.inputs.map((name) => ({ ...context.type(name) }));
  const { dims, window } = quantizedConvShape({ node, opset: LOOKUP_OPSET, inputs });
  const { plane, zeroPoint } = planes;
  const input = { buffer: planes.buffer, byteOffset: 0 };
  const batch = planes.dims[1] * plane;
  const outputs = dims[1]!;
  const width = window.kernel[1]!;
  const columns = Math.ceil(width / STEP);
  const { params, source, tiles, terms } = sumFields(context, node, {
    source: { ...planes, rows: false },
    window,
    outputs,
    unit: OUTPUT_QUAD,
    columns,
    step: STEP,
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
      const term = Math.floor((i % depth) / width) * columns + Math.floor(column / STEP);
      const to = (Math.floor(m / OUTPUT_QUAD) * terms + term) * OUTPUT_QUAD + (m % OUTPUT_QUAD);
      packed[to * STEP + (column % STEP)] = weight;
    });
    return packed;
  });
  // Quantized activations are counted from 0, and also outside of the image.
  const corrections = context.packed(`dot sums ${name} ${zeroPoint}`, `${name}.corrections [${quads}][4] i32`, () => {
    const sums = new Int32Array(quads * OUTPUT_QUAD);
    weights.forEach((weight, i) => {
      sums[Math.floor(i / depth)]! -= weight * zeroPoint;
    });
    return sums;
  });
  const own = {
    input,
    inputOffsets: source.offsets,
    inputStride: plane,
    inputBatch: batch,
    channels: planes.dims[1],
    stepOffsets: source.tapOffsets,
    steps: source.taps,
    weights: table,
    corrections,
  };
  context.emit(node, 'quantizedConv', { ...params, ...own }, tiles);
  return true;
}

/** The fast path of the integer family. */
export const INTEGER_RULES: Readonly<Record<string, LoweringRule>> = { [ruleName(QUANTIZED_CONV)]: lowerQuantizedConv };
