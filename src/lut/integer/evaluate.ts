import { elementCount } from '../../graph/tensor.js';
import { convolve, convShape } from '../../ops/conv.js';
import { type AnyContext, dimsOf } from '../../ops/define.js';
import type { Operator } from '../../ops/operator.js';
import { quantizeActivation } from '../activation.js';
import { checkDims, checkRange, checkRank, checkScale, checkSum, defineLookup, SUM_TRAITS } from '../checks.js';
import { MAX_ACTIVATION, MAX_WEIGHT } from '../limits.js';
import { inputValues } from '../operator.js';
import { QUANTIZED_CONV } from './spec.js';

/** Shapes of a QuantizedConv node; throws `INVALID_MODEL` where attributes and inputs contradict each other. */
export function quantizedConvShape(context: AnyContext): ReturnType<typeof convShape> {
  checkRank(context, QUANTIZED_CONV, 'x');
  const result = convShape(context, 3, 5);
  checkDims(context, QUANTIZED_CONV, 'scale', [result.dims[1]!]);
  return result;
}

const TYPES = ['float32', 'float32', 'uint8', 'int8', 'float32', 'float32'] as const;
const quantizedConv = defineLookup(QUANTIZED_CONV, TYPES, {
  traits: { ...SUM_TRAITS, readsPlanes: true },
  infer(context) {
    const { dims, window } = quantizedConvShape(context);
    checkScale(context, QUANTIZED_CONV);
    checkRange(context, QUANTIZED_CONV, 'W', -MAX_WEIGHT, MAX_WEIGHT);
    const terms = dimsOf(context)[1]! * elementCount(window.kernel);
    checkSum(context, 'sums', terms * MAX_WEIGHT * MAX_ACTIVATION, 'fewer channels or taps');
    return [{ type: 'float32', dims }];
  },
  evaluate(context, [y]) {
    const { x, x_scale, x_zero_point, W, scale, bias } = inputValues(QUANTIZED_CONV, context);
    const activation = { scale: x_scale[0]!, zeroPoint: x_zero_point[0]! };
    const result = y!.data as Float32Array;
    convolve(
      context,
      quantizedConvShape(context),
      (i) => quantizeActivation(x[i]!, activation) - activation.zeroPoint,
      (i) => W[i]!,
      (i, sum, m) => (result[i] = Math.fround(sum * scale[m]!) + bias[m]!),
    );
  },
});

export const INTEGER: readonly Operator[] = [quantizedConv];
