import { define, inputValues, LOOKUP_DOMAIN, quantizeActivation, SUM_TRAITS } from '../../src/lut/index.js';
import { SQUARES } from './spec.js';

/** Shape inference and reference of {@link SQUARES}. */
export const squares = define({
  name: SQUARES.name,
  domain: LOOKUP_DOMAIN,
  opset: [1, 1],
  arity: [7, 7],
  types: [['float32'], ['float32'], ['uint8'], ['int8'], ['int32'], ['float32'], ['float32']],
  traits: { ...SUM_TRAITS, readsPlanes: true },
  infer({ inputs }) {
    const [N, , H, W] = inputs[0]!.dims as [number, number, number, number];
    return [{ type: 'float32', dims: [N, inputs[3]!.dims[0]!, H, W] }];
  },
  evaluate(context, [y]) {
    const { x, x_scale, x_zero_point, W, squares: table, scale, bias } = inputValues(SQUARES, context);
    const quantizer = { scale: x_scale[0]!, zeroPoint: x_zero_point[0]! };
    const M = scale.length;
    const C = W.length / M;
    const area = y!.dims[2]! * y!.dims[3]!;
    const result = y!.data as Float32Array;
    result.forEach((_, at) => {
      const m = Math.floor(at / area) % M;
      const first = Math.floor(at / area / M) * C * area + (at % area);
      let sum = 0;
      for (let c = 0; c < C; c++) {
        const a = quantizeActivation(x[first + c * area]!, quantizer) - quantizer.zeroPoint;
        const w = W[m * C + c]!;
        sum += table[Math.abs(a + w)]! - table[Math.abs(a - w)]!;
      }
      result[at] = Math.fround(sum * scale[m]!) + bias[m]!;
    });
  },
});
