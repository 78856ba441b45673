import { elementCount } from '../../graph/tensor.js';
import { convGeometry, convolve } from '../../ops/conv.js';
import type { AnyContext } from '../../ops/define.js';
import { define, dimsOf, input } from '../../ops/define.js';
import type { Operator } from '../../ops/operator.js';
import { quantizeActivation } from '../activation.js';
import {
  checkActivationScale,
  checkDims,
  checkRange,
  checkRank,
  checkSum,
  DOMAIN,
  FLOAT32,
  INT8,
  SUM_TRAITS,
  UINT8,
} from '../checks.js';
import { MAX_ACTIVATION, MAX_WEIGHT } from '../limits.js';
import { QUANTIZED_CONV } from './spec.js';

/** Geometry of a QuantizedConv node; throws `INVALID_MODEL` where attributes and inputs contradict each other. */
export function quantizedConvGeometry(context: AnyContext): ReturnType<typeof convGeometry> {
  checkRank(context, 0, 'x');
  const result = convGeometry(context, 3, 5);
  checkDims(context, 1, 'x_scale', []);
  checkDims(context, 2, 'x_zero_point', []);
  checkDims(context, 4, 'scale', [result.dims[1]!]);
  return result;
}

const quantizedConv = define({
  ...DOMAIN,
  name: QUANTIZED_CONV.name,
  traits: { ...SUM_TRAITS, readsPlanes: true },
  arity: [6, 6],
  types: [FLOAT32, FLOAT32, UINT8, INT8, FLOAT32, FLOAT32],
  attributes: 'kernel_shape strides pads',
  infer(context) {
    const { dims, geometry } = quantizedConvGeometry(context);
    checkActivationScale(context);
    checkRange(context, 3, 'W', -MAX_WEIGHT, MAX_WEIGHT);
    const terms = dimsOf(context)[1]! * elementCount(geometry.kernel);
    checkSum(context, 'sums', terms * MAX_WEIGHT * MAX_ACTIVATION, 'fewer channels or taps');
    return [{ type: 'float32', dims }];
  },
  evaluate(context, [y]) {
    const [x, xScale, zero, weights, scale, bias] = [0, 1, 2, 3, 4, 5].map((index) => input(context, index));
    const activation = { scale: xScale![0]!, zeroPoint: zero![0]! };
    const result = y!.data as Float32Array;
    convolve(
      context,
      quantizedConvGeometry(context),
      (i) => quantizeActivation(x![i]!, activation) - activation.zeroPoint,
      (i) => weights![i]!,
      (i, sum, m) => (result[i] = Math.fround(sum * scale![m]!) + bias![m]!),
    );
  },
});

export const INTEGER: readonly Operator[] = [quantizedConv];
