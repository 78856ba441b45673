import { LutraError } from '../errors.js';
import type { DataType } from '../graph/types.js';
import { roundHalfEven } from '../rounding.js';
import type { Definition, Elements, EvaluateContext } from './define.js';
import {
  ANY,
  BOOL,
  check,
  define,
  dimsOf,
  element,
  elements,
  FLOAT,
  INT,
  input,
  isFloat,
  isWide,
  likeInput,
  multiplier,
  NUMBER,
  typeOf,
} from './define.js';
import type { Operator } from './operator.js';
import { describeNode } from './operator.js';
import { broadcastDims, broadcastOffsets } from './strides.js';

export type Binary = (a: number, b: number) => number;
/** Chooses the function for an element type: most are the same for all. */
export type BinaryOf = (type: DataType, context: EvaluateContext) => Binary;

/** `out[i] = apply(a[i], b[i])` with both operands broadcast to `dims`. */
export function combine(
  a: { elements: Elements; dims: readonly number[] },
  b: { elements: Elements; dims: readonly number[] },
  dims: readonly number[],
  apply: Binary,
  out: Elements,
): void {
  const aAt = broadcastOffsets(a.dims, dims);
  const bAt = broadcastOffsets(b.dims, dims);
  const [x, y] = [a.elements, b.elements];
  for (let i = 0; i < out.length; i++) out[i] = apply(x[aAt ? aAt[i]! : i]!, y[bAt ? bAt[i]! : i]!);
}

export function binary(
  name: string,
  types: readonly DataType[],
  of: BinaryOf,
  more: Partial<Definition> = {},
): Operator {
  return define({
    name,
    arity: [2, 2],
    types: [types],
    infer: (context) => [
      { type: typeOf(context), dims: broadcastDims(context.node, [dimsOf(context), dimsOf(context, 1)]) },
    ],
    evaluate(context, [y]) {
      const [a, b] = [0, 1].map((i) => ({ elements: input(context, i), dims: dimsOf(context, i) }));
      combine(a!, b!, y!.dims, of(typeOf(context), context), elements(y!));
    },
    ...more,
  });
}

function predicate(name: string, types: readonly DataType[], test: (a: number, b: number) => boolean): Operator {
  return binary(name, types, () => (a, b) => (test(a, b) ? 1 : 0), {
    infer: (context) => [{ type: 'bool', dims: broadcastDims(context.node, [dimsOf(context), dimsOf(context, 1)]) }],
  });
}

/** Max, Min, Sum and Mean take any number of inputs: they are folded two at a time. */
function variadic(
  name: string,
  types: readonly DataType[],
  of: BinaryOf,
  finish?: (sum: number, count: number) => number,
): Operator {
  return define({
    name,
    arity: [1, Infinity],
    types: [types],
    infer: (context) => [
      {
        type: typeOf(context),
        dims: broadcastDims(
          context.node,
          context.inputs.map((value, i) => {
            check(context.node, value !== undefined, `input ${i} is missing`, 'a value', 'nothing');
            return value!.dims;
          }),
        ),
      },
    ],
    evaluate(context, [y]) {
      const out = elements(y!);
      const apply = of(typeOf(context), context);
      // Sums of many inputs keep double precision until the end.
      const sums = isFloat(typeOf(context)) ? new Float64Array(out.length) : out;
      context.inputs.forEach((_, i) => {
        const b = { elements: input(context, i), dims: dimsOf(context, i) };
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
  if (isFloat(type)) return (a, b) => a / b;
  const quotient: Binary = isWide(type) ? (a, b) => a / b : (a, b) => Math.trunc(a / b);
  return (a, b) => quotient(a, nonZero(node, b));
};

export function nonZero(node: EvaluateContext['node'], divisor: number): number {
  // `==` so that 0 and 0n are both caught.
  if (Number(divisor) === 0) {
    throw new LutraError('INVALID_ARGUMENT', 'integer division by zero', { node: describeNode(node) });
  }
  return divisor;
}

const where = define({
  name: 'Where',
  arity: [3, 3],
  types: [BOOL, ANY],
  raw: true,
  infer: (context) => [
    {
      type: typeOf(context, 1),
      dims: broadcastDims(
        context.node,
        [0, 1, 2].map((i) => dimsOf(context, i)),
      ),
    },
  ],
  evaluate(context, [y]) {
    const [test, a, b] = [input(context), input(context, 1), input(context, 2)];
    const [testAt, aAt, bAt] = [0, 1, 2].map((i) => broadcastOffsets(dimsOf(context, i), y!.dims));
    const out = elements(y!);
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
  return define({
    name,
    types: [types],
    infer: (context) => [{ type: result ?? typeOf(context), dims: dimsOf(context) }],
    evaluate(context, [y]) {
      const [x, out] = [input(context), elements(y!)];
      for (let i = 0; i < out.length; i++) out[i] = apply(x[i]!);
    },
  });
}

const SIGNED: readonly DataType[] = [...FLOAT, ...INT.filter((type) => type[0] === 'i')];
/** Kernels of sums and products can end with a bound on either side. */
const CLAMPED: Partial<Definition> = { traits: { epilogue: ['Relu', 'Clip'] } };
const MATH = ['Sqrt', 'Exp', 'Log', 'Ceil', 'Floor', 'Tanh'] as const;

export const ELEMENTWISE: readonly Operator[] = [
  binary('Add', NUMBER, () => (a, b) => a + b, CLAMPED),
  binary('Sub', NUMBER, () => (a, b) => a - b),
  binary('Mul', NUMBER, multiplier, CLAMPED),
  binary('Div', NUMBER, divide),
  binary('PRelu', NUMBER, (type) => {
    const [times, zero] = [multiplier(type), element(type, 0)];
    return (x, slope) => (x < zero ? times(x, slope) : x);
  }),
  binary('And', BOOL, () => (a, b) => a & b),
  binary('Or', BOOL, () => (a, b) => a | b),
  predicate('Equal', ANY, (a, b) => a === b),
  predicate('Greater', NUMBER, (a, b) => a > b),
  predicate('GreaterOrEqual', NUMBER, (a, b) => a >= b),
  predicate('Less', NUMBER, (a, b) => a < b),
  predicate('LessOrEqual', NUMBER, (a, b) => a <= b),
  variadic('Max', NUMBER, () => larger),
  variadic('Min', NUMBER, () => smaller),
  variadic('Sum', FLOAT, () => (a, b) => a + b),
  variadic(
    'Mean',
    FLOAT,
    () => (a, b) => a + b,
    (sum, count) => sum / count,
  ),
  where,
  ...MATH.map((name) => unary(name, FLOAT, Math[name.toLowerCase() as 'sqrt'])),
  unary('Abs', NUMBER, (x) => (x < 0 || Object.is(x, -0) ? -x : x)),
  unary('Neg', SIGNED, (x) => -x),
  unary('Reciprocal', FLOAT, (x) => 1 / x),
  unary('Round', FLOAT, roundHalfEven),
  unary('Not', BOOL, (x) => 1 - x),
  unary('Softplus', FLOAT, (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  unary('Sigmoid', FLOAT, (x) => 1 / (1 + Math.exp(-x))),
  unary('HardSwish', FLOAT, (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5))),
  define({
    name: 'Relu',
    types: [SIGNED],
    infer: likeInput,
    evaluate(context, [y]) {
      const [x, out, zero] = [input(context), elements(y!), element(typeOf(context), 0)];
      for (let i = 0; i < out.length; i++) out[i] = x[i]! < 0 ? zero : x[i]!;
    },
  }),
];
