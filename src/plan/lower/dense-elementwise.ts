import { elementCount, toNumbers } from '../../graph/tensor.js';
import type { Node } from '../../graph/types.js';
import { FUNCTION, OPERATION } from '../../kernels/dense.js';
import { float } from '../../ops/define.js';
import type { LowerContext, LoweringRule } from '../types.js';
import { activationParams, allFloat, coefficients } from './dense-epilogue.js';

/** Values per tile: enough to outweigh the call, few enough to share a small tensor between threads. */
const TILE_VALUES = 4096;

export function emitUnary(context: LowerContext, node: Node, code: number, low = 0, high = 0): boolean {
  const input = node.inputs[0]!;
  if (!allFloat(context, [input])) return false;
  const count = elementCount(context.type(input).dims);
  const params = {
    input: context.dense(input),
    output: context.dense(node.outputs[0]!),
    function: code,
    low,
    high,
    count,
    perTile: TILE_VALUES,
    coefficients: coefficients(context),
  };
  context.emit(node, 'unary', params, Math.ceil(count / TILE_VALUES));
  return true;
}

/** A function of one value; `low` and `high` come from float attributes with defaults, where it has any. */
export function lowerUnary(
  code: number,
  low?: readonly [string, number],
  high?: readonly [string, number],
): LoweringRule {
  const read = (node: Node, attribute?: readonly [string, number]) =>
    attribute ? float(node, attribute[0], attribute[1]) : 0;
  return (context, node) => emitUnary(context, node, code, read(node, low), read(node, high));
}

export const lowerRelu: LoweringRule = (context, node) => emitUnary(context, node, FUNCTION.clamp, 0, Infinity);

/** Clip with bounds that are attributes (before version 11) or constants. */
export const lowerClip: LoweringRule = (context, node) => {
  const bound = (index: number, name: string, otherwise: number) => {
    const input = node.inputs[index];
    if (!input) return float(node, name, otherwise);
    const constant = context.constant(input);
    return constant && toNumbers(constant)[0];
  };
  const low = bound(1, 'min', -Infinity);
  const high = bound(2, 'max', Infinity);
  return low !== undefined && high !== undefined && emitUnary(context, node, FUNCTION.clamp, low, high);
};

/** How an operand is read: see the kernel `binary`. */
interface Operand {
  readonly vector: number;
  readonly divisor: number;
  readonly modulus: number;
  readonly step: number;
}

/** A run of axes along which each operand either varies or repeats. */
interface Run {
  size: number;
  readonly varies: readonly [boolean, boolean];
}

/** Axes of the result, neighbors of one kind merged, axes of size 1 left out. */
function mergeAxes(dims: readonly number[], a: readonly number[], b: readonly number[]): Run[] {
  const runs: Run[] = [];
  dims.forEach((size, axis) => {
    if (size === 1) return;
    const varies = [a, b].map((shape) => (shape[axis - dims.length + shape.length] ?? 1) !== 1) as [boolean, boolean];
    const last = runs.at(-1);
    if (last && last.varies[0] === varies[0] && last.varies[1] === varies[1]) last.size *= size;
    else runs.push({ size, varies });
  });
  return runs.length > 0 ? runs : [{ size: 1, varies: [true, true] }];
}

/** Describes operand `side`, or undefined when the outer axes along which it varies do not lie together. */
function operand(outer: readonly Run[], inner: Run, side: 0 | 1): Operand | undefined {
  const first = outer.findIndex((run) => run.varies[side]);
  const last = outer.findLastIndex((run) => run.varies[side]);
  const vector = inner.varies[side];
  if (first < 0) return { vector: Number(vector), divisor: 1, modulus: 1, step: 0 };
  const varying = outer.slice(first, last + 1);
  if (!varying.every((run) => run.varies[side])) return undefined;
  const product = (runs: readonly Run[]) => runs.reduce((count, run) => count * run.size, 1);
  return {
    vector: Number(vector),
    divisor: product(outer.slice(last + 1)),
    modulus: product(varying),
    step: vector ? 4 * inner.size : 4,
  };
}

/** Rows and operands of a broadcast operation, or undefined for a broadcast that the kernel does not know. */
function planBinary(dims: readonly number[], a: readonly number[], b: readonly number[]) {
  const runs = mergeAxes(dims, a, b);
  const inner = runs.pop()!;
  if (runs.length === 0) {
    // One run: cut it into rows, so that threads can share it.
    const rows = Math.ceil(inner.size / TILE_VALUES);
    const side = (varies: boolean): Operand =>
      varies
        ? { vector: 1, divisor: 1, modulus: rows, step: 4 * TILE_VALUES }
        : { vector: 0, divisor: 1, modulus: 1, step: 0 };
    return { left: side(inner.varies[0]), right: side(inner.varies[1]), inner: TILE_VALUES, rows, rowsPerTile: 1 };
  }
  const left = operand(runs, inner, 0);
  const right = operand(runs, inner, 1);
  if (!left || !right) return undefined;
  const rows = runs.reduce((count, run) => count * run.size, 1);
  return { left, right, inner: inner.size, rows, rowsPerTile: Math.max(1, Math.floor(TILE_VALUES / inner.size)) };
}

function emitBinary(context: LowerContext, node: Node, operation: number, a: string, b: string): boolean {
  const output = node.outputs[0]!;
  if (!allFloat(context, [a, b, output])) return false;
  const { dims } = context.type(output);
  const plan = planBinary(dims, context.type(a).dims, context.type(b).dims);
  if (!plan) return false;
  const { left, right, inner, rows, rowsPerTile } = plan;
  const { residual, activation } = node.epilogue ?? {};
  const { low, high } = activation ? activationParams(activation) : { low: -Infinity, high: Infinity };
  context.emit(
    node,
    'binary',
    {
      left: context.dense(a),
      leftVector: left.vector,
      leftDivisor: left.divisor,
      leftModulus: left.modulus,
      leftStep: left.step,
      right: context.dense(b),
      rightVector: right.vector,
      rightDivisor: right.divisor,
      rightModulus: right.modulus,
      rightStep: right.step,
      output: context.dense(output),
      operation,
      inner,
      count: elementCount(dims),
      rows,
      rowsPerTile,
      residual: residual ? context.dense(residual) : 0,
      low,
      high,
    },
    Math.ceil(rows / rowsPerTile),
  );
  return true;
}

/** A function of two float32 tensors. Min, Max and Sum of other than two inputs are left to the host. */
export function lowerBinary(operation: keyof typeof OPERATION): LoweringRule {
  return (context, node) => {
    const [a, b] = node.inputs as [string, string];
    return node.inputs.length === 2 && emitBinary(context, node, OPERATION[operation], a, b);
  };
}

/** Pow with the constant exponent 2, as layer normalization in parts has it. */
export const lowerPow: LoweringRule = (context, node) => {
  const [base, exponent] = node.inputs as [string, string];
  const constant = context.constant(exponent);
  if (!constant || toNumbers(constant).some((value) => value !== 2)) return false;
  if (elementCount(context.type(base).dims) !== elementCount(context.type(node.outputs[0]!).dims)) return false;
  return emitBinary(context, node, OPERATION.Mul, base, base);
};
