import {
  BOOL,
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
  likeInput,
  NUMBER,
  typeOf,
  word,
} from './define.js';
import { type BinaryOf, binary, nonZero, unary } from './elementwise.js';
import type { Operator } from './operator.js';

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
    const left = word(node, 'direction', ['RIGHT', 'LEFT']) === 'LEFT';
    return (a, b) => {
      const [value, count] = [BigInt(a), BigInt(b) > 64n ? 64n : BigInt(b)];
      const shifted = BigInt.asUintN(64, left ? value << count : value >> count);
      return (isWide(type) ? shifted : Number(BigInt.asUintN(32, shifted))) as number;
    };
  },
  { attributes: 'direction' },
);

const TRIGONOMETRY = ['Sin', 'Cos', 'Tan', 'Asin', 'Acos', 'Atan', 'Sinh', 'Cosh', 'Asinh', 'Acosh', 'Atanh'] as const;

export const ELEMENTWISE_RARE: readonly Operator[] = [
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
  ...TRIGONOMETRY.map((name) => unary(name, FLOAT, Math[name.toLowerCase() as 'sin'])),
];
