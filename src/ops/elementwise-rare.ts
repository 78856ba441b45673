import { LutraError } from '../errors.js';
import { map } from './activation.js';
import { convert } from './cast.js';
import * as op from './define.js';
import { type Binary, type BinaryOf, binary, combine, nonZero, unary } from './elementwise.js';
import type { Operator } from './operator.js';
import { describeNode } from './operator.js';

/** Mod: the sign of the divisor as in Python, or with fmod = 1 that of the dividend as in C. */
const modulo: BinaryOf = (type, { node }) => {
  if (op.int(node, 'fmod', 0)) return (a, b) => a % (op.isFloat(type) ? b : nonZero(node, b));
  const zero = op.element(type, 0);
  return (a, b) => {
    const rest = a % nonZero(node, b);
    return rest !== zero && rest < zero !== b < zero ? rest + b : rest;
  };
};

const isInf = op.define({
  name: 'IsInf',
  types: [op.FLOAT],
  attributes: 'detect_negative detect_positive',
  infer: (context) => [{ type: 'bool', dims: op.dimsOf(context) }],
  evaluate(context, [y]) {
    const negative = op.int(context.node, 'detect_negative', 1);
    const positive = op.int(context.node, 'detect_positive', 1);
    map(context, y!, (x) => ((positive && x === Infinity) || (negative && x === -Infinity) ? 1 : 0));
  },
});

const UNSIGNED = op.INT.filter((type) => type[0] === 'u');
// Narrow integers go through bigint too: shifts of 32 and more are then simply zero.
const shift = binary(
  'BitShift',
  UNSIGNED,
  (type, { node }) => {
    const left = op.choice(node, 'direction', ['RIGHT', 'LEFT']) === 'LEFT';
    return (a, b) => {
      const [value, count] = [BigInt(a), BigInt(b) > 64n ? 64n : BigInt(b)];
      const shifted = BigInt.asUintN(64, left ? value << count : value >> count);
      return (op.isWide(type) ? shifted : Number(BigInt.asUintN(32, shifted))) as number;
    };
  },
  { attributes: 'direction' },
);

const TRIGONOMETRY = ['Sin', 'Cos', 'Tan', 'Asin', 'Acos', 'Atan', 'Sinh', 'Cosh', 'Asinh', 'Acosh', 'Atanh'] as const;

/** Base and exponent may differ in type; only float bases may have negative or fractional exponents. */
const power = binary('Pow', op.NUMBER, () => (a, b) => a ** b, {
  types: [op.NUMBER, [...op.NUMBER]],
  evaluate(context, [y]) {
    const [type, exponentType] = [op.typeOf(context), op.typeOf(context, 1)];
    const integral = !op.isFloat(type);
    const raise: Binary = (a, b) => {
      if (!integral) return Number(a) ** Number(b);
      // Integer bases are raised exactly and wrap; a fractional or negative exponent goes through double precision.
      const exponent = Number(b);
      const exact = Number.isSafeInteger(exponent) && exponent >= 0;
      const wide = exact
        ? BigInt(a) ** BigInt(Math.min(exponent, 4096))
        : BigInt(Math.trunc(finite(Number(a) ** exponent)));
      return op.isWide(type) ? (wide as unknown as number) : Number(BigInt.asIntN(64, wide));
    };
    const finite = (x: number): number => {
      if (!Number.isFinite(x)) {
        throw new LutraError('INVALID_ARGUMENT', `${x} is not an integer`, { node: describeNode(context.node) });
      }
      return x;
    };
    if (exponentType === 'float64' && integral)
      op.refuse(context.node, 'float64 exponents of integers are not supported');
    const [a, b] = [0, 1].map((i) => ({ elements: op.input(context, i), dims: op.dimsOf(context, i) }));
    combine(a!, b!, y!.dims, raise, op.elements(y!));
  },
});

export const ELEMENTWISE_RARE: readonly Operator[] = [
  power,
  binary('Mod', op.NUMBER, modulo, { attributes: 'fmod' }),
  binary('Xor', op.BOOL, () => (a, b) => a ^ b),
  binary('BitwiseAnd', op.INT, () => (a, b) => a & b),
  binary('BitwiseOr', op.INT, () => (a, b) => a | b),
  binary('BitwiseXor', op.INT, () => (a, b) => a ^ b),
  shift,
  unary('BitwiseNot', op.INT, (x) => ~x),
  unary('IsNaN', op.FLOAT, (x) => (Number.isNaN(x) ? 1 : 0), 'bool'),
  isInf,
  unary('Mish', op.FLOAT, (x) => x * Math.tanh(Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))))),
  unary('Softsign', op.FLOAT, (x) => x / (1 + Math.abs(x))),
  op.define({
    name: 'Sign',
    types: [op.NUMBER],
    infer: op.likeInput,
    evaluate(context, [y]) {
      const one = op.element(y!.type, 1);
      map(context, y!, (x) => (x > 0 ? one : x < 0 ? -one : x));
    },
  }),
  op.define({
    name: 'CastLike',
    opset: [15, op.LATEST],
    arity: [2, 2],
    types: [op.ANY, [...op.ANY]],
    attributes: 'saturate round_mode',
    raw: true,
    infer: (context) => [{ type: op.typeOf(context, 1), dims: op.dimsOf(context) }],
    evaluate: ({ inputs }, [y]) => convert(inputs[0]!, y!),
  }),
  ...TRIGONOMETRY.map((name) => unary(name, op.FLOAT, Math[name.toLowerCase() as 'sin'])),
];
