import { LutraError } from '../errors.js';
import { convert } from './cast.js';
import {
  ANY,
  BOOL,
  choice,
  define,
  dimsOf,
  element,
  elements,
  FLOAT,
  INT,
  input,
  int,
  isFloat,
  isWide,
  LATEST,
  likeInput,
  NUMBER,
  refuse,
  typeOf,
} from './define.js';
import { type Binary, type BinaryOf, binary, combine, nonZero, unary } from './elementwise.js';
import type { Operator } from './operator.js';
import { describeNode } from './operator.js';

/** Mod: the sign of the divisor as in Python, or with fmod = 1 that of the dividend as in C. */
const modulo: BinaryOf = (type, { node }) => {
  if (int(node, 'fmod', 0)) return (a, b) => a % (isFloat(type) ? b : nonZero(node, b));
  const zero = element(type, 0);
  return (a, b) => {
    const rest = a % nonZero(node, b);
    return rest !== zero && rest < zero !== b < zero ? rest + b : rest;
  };
};

const isInf = define({
  name: 'IsInf',
  types: [FLOAT],
  attributes: 'detect_negative detect_positive',
  infer: (context) => [{ type: 'bool', dims: dimsOf(context) }],
  evaluate(context, [y]) {
    const [x, out] = [input(context), elements(y!)];
    const negative = int(context.node, 'detect_negative', 1);
    const positive = int(context.node, 'detect_positive', 1);
    for (let i = 0; i < out.length; i++) {
      out[i] = (positive && x[i] === Infinity) || (negative && x[i] === -Infinity) ? 1 : 0;
    }
  },
});

const UNSIGNED = INT.filter((type) => type[0] === 'u');
// Narrow integers go through bigint too: shifts of 32 and more are then simply zero.
const shift = binary(
  'BitShift',
  UNSIGNED,
  (type, { node }) => {
    const left = choice(node, 'direction', ['RIGHT', 'LEFT']) === 'LEFT';
    return (a, b) => {
      const [value, count] = [BigInt(a), BigInt(b) > 64n ? 64n : BigInt(b)];
      const shifted = BigInt.asUintN(64, left ? value << count : value >> count);
      return (isWide(type) ? shifted : Number(BigInt.asUintN(32, shifted))) as number;
    };
  },
  { attributes: 'direction' },
);

const TRIGONOMETRY = ['Sin', 'Cos', 'Tan', 'Asin', 'Acos', 'Atan', 'Sinh', 'Cosh', 'Asinh', 'Acosh', 'Atanh'] as const;

/** Base and exponent may differ in type; only float bases may have negative or fractional exponents. */
const power = binary('Pow', NUMBER, () => (a, b) => a ** b, {
  types: [NUMBER, [...NUMBER]],
  evaluate(context, [y]) {
    const [type, exponentType] = [typeOf(context), typeOf(context, 1)];
    const integral = !isFloat(type);
    const raise: Binary = (a, b) => {
      if (!integral) return Number(a) ** Number(b);
      // Integer bases are raised exactly and wrap; a fractional or negative exponent goes through double precision.
      const exponent = Number(b);
      const exact = Number.isSafeInteger(exponent) && exponent >= 0;
      const wide = exact
        ? BigInt(a) ** BigInt(Math.min(exponent, 4096))
        : BigInt(Math.trunc(finite(Number(a) ** exponent)));
      return isWide(type) ? (wide as unknown as number) : Number(BigInt.asIntN(64, wide));
    };
    const finite = (x: number): number => {
      if (!Number.isFinite(x)) {
        throw new LutraError('INVALID_ARGUMENT', `${x} is not an integer`, { node: describeNode(context.node) });
      }
      return x;
    };
    if (exponentType === 'float64' && integral) refuse(context.node, 'float64 exponents of integers are not supported');
    const [a, b] = [0, 1].map((i) => ({ elements: input(context, i), dims: dimsOf(context, i) }));
    combine(a!, b!, y!.dims, raise, elements(y!));
  },
});

export const ELEMENTWISE_RARE: readonly Operator[] = [
  power,
  binary('Mod', NUMBER, modulo, { attributes: 'fmod' }),
  binary('Xor', BOOL, () => (a, b) => a ^ b),
  binary('BitwiseAnd', INT, () => (a, b) => a & b),
  binary('BitwiseOr', INT, () => (a, b) => a | b),
  binary('BitwiseXor', INT, () => (a, b) => a ^ b),
  shift,
  unary('BitwiseNot', INT, (x) => ~x),
  unary('IsNaN', FLOAT, (x) => (Number.isNaN(x) ? 1 : 0), 'bool'),
  isInf,
  unary('Mish', FLOAT, (x) => x * Math.tanh(Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))))),
  unary('Softsign', FLOAT, (x) => x / (1 + Math.abs(x))),
  define({
    name: 'Sign',
    types: [NUMBER],
    infer: likeInput,
    evaluate(context, [y]) {
      const [x, out] = [input(context), elements(y!)];
      const one = element(typeOf(context), 1);
      for (let i = 0; i < out.length; i++) out[i] = x[i]! > 0 ? one : x[i]! < 0 ? -one : x[i]!;
    },
  }),
  define({
    name: 'CastLike',
    opset: [15, LATEST],
    arity: [2, 2],
    types: [ANY, [...ANY]],
    attributes: 'saturate round_mode',
    raw: true,
    infer: (context) => [{ type: typeOf(context, 1), dims: dimsOf(context) }],
    evaluate: ({ inputs }, [y]) => convert(inputs[0]!, y!),
  }),
  ...TRIGONOMETRY.map((name) => unary(name, FLOAT, Math[name.toLowerCase() as 'sin'])),
];
