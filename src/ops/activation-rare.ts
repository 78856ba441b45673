import { activation, elu } from './activation.js';
import type { Operator } from './operator.js';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

export const ACTIVATION_RARE: readonly Operator[] = [
  // alpha and gamma are float32 constants in the specification (Klambauer et al. 2017).
  activation('Selu', { alpha: 1.6732631921768188, gamma: 1.0507010221481323 }, (alpha, gamma) => {
    const base = elu(alpha!);
    return (x) => gamma! * base(x);
  }),
  activation('Celu', { alpha: 1 }, (alpha) => (x) => Math.max(0, x) + Math.min(0, alpha! * Math.expm1(x / alpha!))),
  activation('ThresholdedRelu', { alpha: 1 }, (alpha) => (x) => (x > alpha! ? x : 0)),
  activation(
    'Shrink',
    { bias: 0, lambd: 0.5 },
    (bias, lambd) => (x) => (x < -lambd! ? x + bias! : x > lambd! ? x - bias! : 0),
  ),
  activation('Swish', { alpha: 1 }, (alpha) => (x) => x * sigmoid(alpha! * x)),
  activation('QuickGelu', { alpha: 1.702 }, (alpha) => (x) => x * sigmoid(alpha! * x), {
    domain: 'com.microsoft',
    opset: [1, 1],
  }),
];
