import type { Node, TensorValue } from '../graph/types.js';
import type { Definition, EvaluateContext } from './define.js';
import { check, define, elements, FLOAT, float, input, LATEST, likeInput, limits, NUMBER, typeOf } from './define.js';
import type { Operator } from './operator.js';

/** A float activation whose parameters are attributes with defaults, handed to `of` in order. */
export function activation(
  name: string,
  defaults: Readonly<Record<string, number>>,
  of: (...parameters: number[]) => (x: number) => number,
  more: Partial<Definition> = {},
): Operator {
  const parameters = (node: Node) => Object.entries(defaults).map(([key, value]) => float(node, key, value));
  return define({
    name,
    types: [FLOAT],
    attributes: Object.keys(defaults).join(' '),
    infer(context) {
      parameters(context.node);
      return likeInput(context);
    },
    evaluate(context, [y]) {
      map(context, y!, of(...parameters(context.node)));
    },
    ...more,
  });
}

export function map(context: EvaluateContext, y: TensorValue, apply: (x: number) => number): void {
  const [x, out] = [input(context), elements(y)];
  for (let i = 0; i < out.length; i++) out[i] = apply(x[i]!);
}

export const elu = (alpha: number) => (x: number) => (x < 0 ? alpha * Math.expm1(x) : x);
/** Bounds are applied low first, so that low > high gives high everywhere, as ONNX says. A NaN input stays NaN. */
function clamp(context: EvaluateContext, output: TensorValue, low: number, high: number): void {
  map(context, output, (x) => {
    // Comparisons, since Math.max takes no bigints.
    let y = x;
    if (y < low) y = low;
    if (y > high) y = high;
    return y;
  });
}

const clipAttributes = activation('Clip', { min: -Infinity, max: Infinity }, () => (x) => x, {
  opset: [7, 10],
  evaluate({ node, ...context }, [y]) {
    clamp({ node, ...context }, y!, float(node, 'min', -Infinity), float(node, 'max', Infinity));
  },
});

const clip = define({
  name: 'Clip',
  opset: [11, LATEST],
  arity: [1, 3],
  types: [NUMBER],
  infer(context) {
    for (const bound of context.inputs.slice(1)) {
      check(context.node, !bound || bound.dims.every((dim) => dim === 1), 'a bound is not a scalar', '[]', bound?.dims);
    }
    return likeInput(context);
  },
  evaluate(context, [y]) {
    const [low, high] = limits(typeOf(context));
    const bound = (index: number, otherwise: number) => (context.inputs[index] ? input(context, index)[0]! : otherwise);
    clamp(context, y!, bound(1, low), bound(2, high));
  },
});

export const ACTIVATION: readonly Operator[] = [
  activation('LeakyRelu', { alpha: 0.01 }, (alpha) => (x) => (x < 0 ? alpha! * x : x)),
  activation('Elu', { alpha: 1 }, (alpha) => elu(alpha!)),
  activation(
    'HardSigmoid',
    { alpha: 0.2, beta: 0.5 },
    (alpha, beta) => (x) => Math.max(0, Math.min(1, alpha! * x + beta!)),
  ),
  clipAttributes,
  clip,
];
