import { LutraError } from '../errors.js';
import type { DataType, TensorType } from '../graph/types.js';
import { roundHalfEven } from '../rounding.js';
import { map } from './activation.js';
import * as op from './define.js';
import type { Operator } from './operator.js';
import { describeNode } from './operator.js';
import { broadcastDims, broadcastOffsets } from './strides.js';

export type Binary = (a: number, b: number) => number;
/** Chooses the function for an element type: most are the same for all. */
export type BinaryOf = (type: DataType, context: op.EvaluateContext) => Binary;

/** `out[i] = apply(a[i], b[i])` with both operands broadcast to `dims`. */
export function combine(
  a: { elements: op.Elements; dims: readonly number[] },
  b: { elements: op.Elements; dims: readonly number[] },
  dims: readonly number[],
  apply: Binary,
  out: op.Elements,
): void {
  const aAt = broadcastOffsets(a.dims, dims);
  const bAt = broadcastOffsets(b.dims, dims);
  const [x, y] = [a.elements, b.elements];
  for (let i = 0; i < out.length; i++) out[i] = apply(x[aAt ? aAt[i]! : i]!, y[bAt ? bAt[i]! : i]!);
}

/** One output of the common shape of all inputs, none of which may be omitted. */
function broadcast({ node, inputs }: op.InferContext, type: DataType): TensorType[] {
  const shapes = inputs.map((value, i) => {
    op.check(node, value !== undefined, `input ${i} is missing`, 'a value', 'nothing');
    return value!.dims;
  });
  return [{ type, dims: broadcastDims(node, shapes) }];
}

export function binary(
  name: string,
  types: readonly DataType[],
  of: BinaryOf,
  more: Partial<op.Definition> = {},
): Operator {
  return op.define({
    name,
    arity: [2, 2],
    types: [types],
    infer: (context) => broadcast(context, op.typeOf(context)),
    evaluate(context, [y]) {
      const [a, b] = [0, 1].map((i) => ({ elements: op.input(context, i), dims: op.dimsOf(context, i) }));
      combine(a!, b!, y!.dims, of(op.typeOf(context), context), op.elements(y!));
    },
    ...more,
  });
}

function predicate(name: string, types: readonly DataType[], test: (a: number, b: number) => boolean): Operator {
  return binary(name, types, () => (a, b) => (test(a, b) ? 1 : 0), { infer: (context) => broadcast(context, 'bool') });
}

/** Max, Min, Sum and Mean take any number of inputs: they are folded two at a time. */
function variadic(
  name: string,
  types: readonly DataType[],
  of: BinaryOf,
  finish?: (sum: number, count: number) => number,
): Operator {
  return op.define({
    name,
    arity: [1, Infinity],
    types: [types],
    infer: (context) => broadcast(context, op.typeOf(context)),
    evaluate(context, [y]) {
      const out = op.elements(y!);
      const apply = of(op.typeOf(context), context);
      // Sums of many inputs keep double precision until the end.
      const sums = op.isFloat(op.typeOf(context)) ? new Float64Array(out.length) : out;
      context.inputs.forEach((_, i) => {
        const b = { elements: op.input(context, i), dims: op.dimsOf(context, i) };
        combine({ elements: sums, dims: y!.dims }, b, y!.dims, i === 0 ? (_a, x) => x : apply, sums);
      });
      for (let i = 0; i < out.length; i++) out[i] = finish ? finish(sums[i]!, context.inputs.length) : sums[i]!;
    },
  });
}

/** NaN on either side wins, as in numpy. */
const larger: Binary = (a, b) => (a > b || Number.isNaN(a) ? a : b);
const smaller: Binary = (a, b) => (a < b || Number.isNaN(a) ? a : b);

const divide: BinaryOf = (type, { node }) => {
  if (op.isFloat(type)) return (a, b) => a / b;
  const quotient: Binary = op.isWide(type) ? (a, b) => a / b : (a, b) => Math.trunc(a / b);
  return (a, b) => quotient(a, nonZero(node, b));
};

export function nonZero(node: op.EvaluateContext['node'], divisor: number): number {
  // `==` so that 0 and 0n are both caught.
  if (Number(divisor) === 0) {
    throw new LutraError('INVALID_ARGUMENT', 'integer division by zero', { node: describeNode(node) });
  }
  return divisor;
}

const where = op.define({
  name: 'Where',
  arity: [3, 3],
  types: [op.BOOL, op.ANY],
  raw: true,
  infer: (context) => broadcast(context, op.typeOf(context, 1)),
  evaluate(context, [y]) {
    const [test, a, b] = [op.input(context), op.input(context, 1), op.input(context, 2)];
    const [testAt, aAt, bAt] = [0, 1, 2].map((i) => broadcastOffsets(op.dimsOf(context, i), y!.dims));
    const out = op.elements(y!);
    for (let i = 0; i < out.length; i++) {
      out[i] = test[testAt ? testAt[i]! : i]! ? a[aAt ? aAt[i]! : i]! : b[bAt ? bAt[i]! : i]!;
    }
  },
});

export function unary(
  name: string,
  types: readonly DataType[],
  apply: (x: number) => number,
  result?: DataType,
): Operator {
  return op.define({
    name,
    types: [types],
    infer: (context) => [{ type: result ?? op.typeOf(context), dims: op.dimsOf(context) }],
    evaluate: (context, [y]) => map(context, y!, apply),
  });
}

const SIGNED: readonly DataType[] = [...op.FLOAT, ...op.INT.filter((type) => type[0] === 'i')];
/** Kernels of sums and products can end with a bound on either side. */
const CLAMPED: Partial<op.Definition> = { traits: { epilogue: ['Relu', 'Clip'] } };
const MATH = ['Sqrt', 'Exp', 'Log', 'Ceil', 'Floor', 'Tanh'] as const;

export const ELEMENTWISE: readonly Operator[] = [
  binary('Add', op.NUMBER, () => (a, b) => a + b, CLAMPED),
  binary('Sub', op.NUMBER, () => (a, b) => a - b),
  binary('Mul', op.NUMBER, op.multiplier, CLAMPED),
  binary('Div', op.NUMBER, divide),
  binary('PRelu', op.NUMBER, (type) => {
    const [times, zero] = [op.multiplier(type), op.element(type, 0)];
    return (x, slope) => (x < zero ? times(x, slope) : x);
  }),
  binary('And', op.BOOL, () => (a, b) => a & b),
  binary('Or', op.BOOL, () => (a, b) => a | b),
  predicate('Equal', op.ANY, (a, b) => a === b),
  predicate('Greater', op.NUMBER, (a, b) => a > b),
  predicate('GreaterOrEqual', op.NUMBER, (a, b) => a >= b),
  predicate('Less', op.NUMBER, (a, b) => a < b),
  predicate('LessOrEqual', op.NUMBER, (a, b) => a <= b),
  variadic('Max', op.NUMBER, () => larger),
  variadic('Min', op.NUMBER, () => smaller),
  variadic('Sum', op.FLOAT, () => (a, b) => a + b),
  variadic(
    'Mean',
    op.FLOAT,
    () => (a, b) => a + b,
    (sum, count) => sum / count,
  ),
  where,
  ...MATH.map((name) => unary(name, op.FLOAT, Math[name.toLowerCase() as 'sqrt'])),
  unary('Abs', op.NUMBER, (x) => (x < 0 || Object.is(x, -0) ? -x : x)),
  unary('Neg', SIGNED, (x) => -x),
  unary('Reciprocal', op.FLOAT, (x) => 1 / x),
  unary('Round', op.FLOAT, roundHalfEven),
  unary('Not', op.BOOL, (x) => 1 - x),
  unary('Softplus', op.FLOAT, (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  unary('Sigmoid', op.FLOAT, (x) => 1 / (1 + Math.exp(-x))),
  unary('HardSwish', op.FLOAT, (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5))),
  op.define({
    name: 'Relu',
    types: [SIGNED],
    infer: op.likeInput,
    evaluate(context, [y]) {
      const zero = op.element(y!.type, 0);
      map(context, y!, (x) => (x < 0 ? zero : x));
    },
  }),
];
