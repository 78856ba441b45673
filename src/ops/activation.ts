import type { Node, TensorValue } from '../graph/types.js';
import * as op from './define.js';
import type { Operator } from './operator.js';

/** A float activation whose parameters are attributes with defaults, handed to `of` in order. */
export function activation(
  name: string,
  defaults: Readonly<Record<string, number>>,
  of: (...parameters: number[]) => (x: number) => number,
  more: Partial<op.Definition> = {},
): Operator {
  const parameters = (node: Node) => Object.entries(defaults).map(([key, value]) => op.float(node, key, value));
  return op.define({
    name,
    types: [op.FLOAT],
    attributes: Object.keys(defaults).join(' '),
    infer(context) {
      parameters(context.node);
      return op.likeInput(context);
    },
    evaluate(context, [y]) {
      map(context, y!, of(...parameters(context.node)));
    },
    ...more,
  });
}

export function map(context: op.EvaluateContext, y: TensorValue, apply: (x: number) => number): void {
  const [x, out] = [op.input(context), op.elements(y)];
  for (let i = 0; i < out.length; i++) out[i] = apply(x[i]!);
}

export const elu = (alpha: number) => (x: number) => (x < 0 ? alpha * Math.expm1(x) : x);
/** Bounds are applied low first, so that low > high gives high everywhere, as ONNX says. A NaN input stays NaN. */
function clamp(context: op.EvaluateContext, output: TensorValue, low: number, high: number): void {
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
    clamp({ node, ...context }, y!, op.float(node, 'min', -Infinity), op.float(node, 'max', Infinity));
  },
});

const clip = op.define({
  name: 'Clip',
  opset: [11, op.LATEST],
  arity: [1, 3],
  types: [op.NUMBER],
  infer(context) {
    for (const bound of context.inputs.slice(1)) {
      const scalar = !bound || bound.dims.every((dim) => dim === 1);
      op.check(context.node, scalar, 'a bound is not a scalar', '[]', bound?.dims);
    }
    return op.likeInput(context);
  },
  evaluate(context, [y]) {
    const [low, high] = op.limits(op.typeOf(context));
    const bound = (index: number, otherwise: number) =>
      context.inputs[index] ? op.input(context, index)[0]! : otherwise;
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
