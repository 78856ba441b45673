import { activation, map } from './activation.js';
import { choice, FLOAT, likeInput } from './define.js';
import { unary } from './elementwise.js';
import type { Operator } from './operator.js';

/** Error function: series below 3, continued fraction above; absolute error under 1e-14 (Abramowitz & Stegun 7.1.6, 7.1.14). */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (a > 6) return Math.sign(x);
  if (a < 3) {
    let term = a;
    let sum = a;
    for (let n = 1; Math.abs(term) > 1e-17 * sum; n++) {
      term *= (2 * a * a) / (2 * n + 1);
      sum += term;
    }
    return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-a * a) * sum;
  }
  let fraction = a;
  for (let n = 60; n > 0; n--) fraction = a + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * fraction));
}

const exactGelu = (x: number) => 0.5 * x * (1 + erf(x * Math.SQRT1_2));
/** Hendrycks & Gimpel 2016, §2. */
const tanhGelu = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

export const GELU: readonly Operator[] = [
  unary('Erf', FLOAT, erf),
  activation('Gelu', {}, () => exactGelu, { domain: 'com.microsoft', opset: [1, 1] }),
  activation('Gelu', {}, () => exactGelu, {
    attributes: 'approximate',
    infer(context) {
      choice(context.node, 'approximate', ['none', 'tanh']);
      return likeInput(context);
    },
    evaluate(context, [y]) {
      map(context, y!, choice(context.node, 'approximate', ['none', 'tanh']) === 'tanh' ? tanhGelu : exactGelu);
    },
  }),
];
