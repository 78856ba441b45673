import { numberAttribute } from '../../graph/attributes.js';
import type { BackwardContext, Emitter, GradientRule } from '../types.js';
import { rule } from './registry.js';

/** Arithmetic on values; numbers become scalars. */
class Formula {
  constructor(
    readonly emitter: Emitter,
    readonly like: string,
  ) {}

  private of(op: string, ...terms: (string | number)[]): string {
    const inputs = terms.map((term) => (typeof term === 'number' ? this.emitter.scalar(term, this.like) : term));
    return this.emitter.node(op, inputs);
  }
  add = (a: string | number, b: string | number) => this.of('Add', a, b);
  sub = (a: string | number, b: string | number) => this.of('Sub', a, b);
  mul = (a: string | number, b: string | number) => this.of('Mul', a, b);
  div = (a: string | number, b: string | number) => this.of('Div', a, b);
  greater = (a: string | number, b: string | number) => this.of('Greater', a, b);
  less = (a: string | number, b: string | number) => this.of('Less', a, b);
  where = (mask: string, a: string | number, b: string | number) => this.of('Where', mask, a, b);
  exp = (a: string) => this.of('Exp', a);
  erf = (a: string) => this.of('Erf', a);
  tanh = (a: string) => this.of('Tanh', a);
  sigmoid = (a: string) => this.of('Sigmoid', a);
}

interface Unary {
  readonly formula: Formula;
  readonly x: string;
  readonly y: string;
  /** Gradient of the output. */
  readonly gradient: string;
  readonly context: BackwardContext;
}

function unary(op: string, gradient: (unary: Unary) => string, domain = ''): GradientRule {
  return rule({ op, domain }, (context) => {
    const x = context.inputs[0]!;
    const formula = new Formula(context.emitter, x);
    return [gradient({ formula, x, y: context.outputs[0]!, gradient: context.gradients[0]!, context })];
  });
}

/** Density of the standard normal distribution. */
function density(f: Formula, x: string): string {
  return f.mul(f.exp(f.mul(f.mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
}

/** x · Φ(x), or its tanh form (Hendrycks & Gimpel 2016, §2). */
function geluGradient({ formula: f, x, gradient, context }: Unary): string {
  if (context.node.attributes.approximate === 'tanh') {
    const [a, b] = [Math.sqrt(2 / Math.PI), 0.044715];
    const square = f.mul(x, x);
    const t = f.tanh(f.mul(f.mul(x, a), f.add(f.mul(square, b), 1)));
    const inner = f.mul(f.add(f.mul(square, 3 * b), 1), a);
    const bend = f.mul(f.mul(f.sub(1, f.mul(t, t)), inner), f.mul(x, 0.5));
    return f.mul(gradient, f.add(f.mul(f.add(t, 1), 0.5), bend));
  }
  const cumulative = f.mul(f.add(f.erf(f.mul(x, Math.SQRT1_2)), 1), 0.5);
  return f.mul(gradient, f.add(cumulative, f.mul(x, density(f, x))));
}

export const ACTIVATIONS: readonly GradientRule[] = [
  unary('Relu', ({ formula: f, y, gradient }) => f.where(f.greater(y, 0), gradient, 0)),
  unary('Sigmoid', ({ formula: f, y, gradient }) => f.mul(gradient, f.mul(y, f.sub(1, y)))),
  unary('Tanh', ({ formula: f, y, gradient }) => f.mul(gradient, f.sub(1, f.mul(y, y)))),
  unary('Exp', ({ formula: f, y, gradient }) => f.mul(gradient, y)),
  unary('Log', ({ formula: f, x, gradient }) => f.div(gradient, x)),
  unary('Sqrt', ({ formula: f, y, gradient }) => f.div(f.mul(gradient, 0.5), y)),
  unary('Reciprocal', ({ formula: f, y, gradient }) => f.mul(f.mul(gradient, -1), f.mul(y, y))),
  unary('Neg', ({ formula: f, gradient }) => f.mul(gradient, -1)),
  unary('Abs', ({ formula: f, x, gradient }) => f.where(f.less(x, 0), f.mul(gradient, -1), gradient)),
  unary('Softplus', ({ formula: f, x, gradient }) => f.mul(gradient, f.sigmoid(x))),
  unary('Erf', ({ formula: f, x, gradient }) =>
    f.mul(gradient, f.mul(f.exp(f.mul(f.mul(x, x), -1)), 2 / Math.sqrt(Math.PI))),
  ),
  unary('HardSigmoid', ({ formula: f, y, gradient, context }) => {
    const inside = context.emitter.node('And', [f.greater(y, 0), f.less(y, 1)]);
    return f.where(inside, f.mul(gradient, numberAttribute(context.node, 'alpha', 0.2)), 0);
  }),
  // x · min(max(x/6 + 1/2, 0), 1): slope x/3 + 1/2 between −3 and 3.
  unary('HardSwish', ({ formula: f, x, gradient }) => {
    const slope = f.where(f.less(x, 3), f.add(f.mul(x, 1 / 3), 0.5), 1);
    return f.mul(gradient, f.where(f.greater(x, -3), slope, 0));
  }),
  unary('Gelu', geluGradient),
  unary('Gelu', geluGradient, 'com.microsoft'),
];
