import { allocate, bytesPerElement, elementCount, toNumbers } from '../../graph/tensor.js';
import type { Node, TensorValue } from '../../graph/types.js';
import { ints } from '../../ops/define.js';
import { offsets, range, stridesOf } from '../../ops/strides.js';
import type { LowerContext, LoweringRule } from '../types.js';
import { allFloat } from './dense-epilogue.js';

/** One axis of a move: offsets in elements on both sides, of equal length. */
interface Axis {
  readonly from: Int32Array;
  readonly to: Int32Array;
}

/** Axes that the kernel knows. */
const AXES = 4;
const TILE_VALUES = 4096;

function isRange(table: Int32Array): boolean {
  return table.every((offset, i) => offset === i);
}

function join(a: Axis, b: Axis): Axis {
  return { from: offsets([a.from, b.from]), to: offsets([a.to, b.to]) };
}

/** At most four axes; last axes that run straight through memory on both sides become one. */
function compact(axes: readonly Axis[]): Axis[] {
  const rest = [...axes];
  while (rest.length > 1) {
    const joined = join(rest.at(-2)!, rest.at(-1)!);
    if (!isRange(joined.from) || !isRange(joined.to)) break;
    rest.splice(-2, 2, joined);
  }
  while (rest.length > AXES) rest.splice(0, 2, join(rest[0]!, rest[1]!));
  while (rest.length < AXES) rest.unshift({ from: new Int32Array(1), to: new Int32Array(1) });
  return rest;
}

function emitMove(context: LowerContext, node: Node, axes: readonly Axis[]): void {
  const [a, b, c, d] = compact(axes) as [Axis, Axis, Axis, Axis];
  const table = (side: 'from' | 'to', index: number, { [side]: elements }: Axis) =>
    context.packed(`move ${node.name} ${side} ${index}`, `${node.name}.${side}${index} [${elements.length}] i32`, () =>
      elements.map((offset) => 4 * offset),
    );
  context.emit(
    node,
    'moveByTables',
    {
      input: context.dense(node.inputs[0]!),
      output: context.dense(node.outputs[0]!),
      input0: table('from', 0, a),
      input1: table('from', 1, b),
      input2: table('from', 2, c),
      input3: table('from', 3, d),
      output0: table('to', 0, a),
      output1: table('to', 1, b),
      output2: table('to', 2, c),
      output3: table('to', 3, d),
      size1: b.from.length,
      size2: c.from.length,
      size3: d.from.length,
      straight: Number(isRange(d.from) && isRange(d.to)),
    },
    a.from.length * b.from.length,
  );
}

/** Positions as float32 are exact below this. */
const MAX_FLOAT_POSITION = 2 ** 24;

/**
 * Any operator that only moves values (Slice, Expand, Tile, DepthToSpace, Transpose, Gather of constant places): its own `evaluate` is asked once, with
 * positions as values, where each output comes from. Declines where that does not come apart axis by axis.
 */
export function rearrange(context: LowerContext, node: Node, probeType: 'int32' | 'float32'): boolean {
  const [input, ...others] = node.inputs as [string, ...string[]];
  const output = node.outputs[0]!;
  const type = context.type(input);
  if (type.type === 'string' || bytesPerElement(type.type) !== 4 || elementCount(context.type(output).dims) === 0)
    return false;
  const opset = context.concrete.graph.opset[node.domain] ?? 1;
  const operator = context.concrete.operators.of(node, context.concrete.graph.opset);
  const constants = others.map((name) => (name ? context.constant(name) : undefined));
  if (!operator || constants.some((value, i) => others[i] && !value)) return false;
  const count = elementCount(type.dims);
  if (probeType === 'float32' && count > MAX_FLOAT_POSITION) return false;
  const positions = range(count, 1);
  const data = probeType === 'int32' ? positions : Float32Array.from(positions);
  const probe: TensorValue = { type: probeType, dims: type.dims, data };
  const result = allocate(probeType, context.type(output).dims);
  operator.evaluate({ node, opset, inputs: [probe, ...constants] }, [result]);
  const at = Int32Array.from(result.data as ArrayLike<number>);
  const strides = stridesOf(result.dims);
  const tables = result.dims.map((size, axis) =>
    Int32Array.from({ length: size }, (_, i) => at[i * strides[axis]!]! - at[0]!),
  );
  const separable = offsets(tables).every((offset, i) => offset + at[0]! === at[i]);
  if (!separable) return false;
  const first: Axis = { from: Int32Array.of(at[0]!), to: Int32Array.of(0) };
  emitMove(context, node, [first, ...tables.map((from, axis) => ({ from, to: range(from.length, strides[axis]!) }))]);
  return true;
}

export const lowerRearranged: LoweringRule = (context, node) => rearrange(context, node, 'int32');

/** Pad of float32 with a constant; pads are an attribute or a constant input. */
export const lowerPad: LoweringRule = (context, node) => {
  const [input, padsName, valueName, axesName] = node.inputs as [string, ...(string | undefined)[]];
  const output = node.outputs[0]!;
  if (!allFloat(context, [input, output]) || (node.attributes.mode ?? 'constant') !== 'constant') return false;
  const { dims } = context.type(input);
  const outDims = context.type(output).dims;
  const constant = (name: string | undefined) => (name ? context.constant(name) : undefined);
  const [padsValue, fillValue, axesValue] = [padsName, valueName, axesName].map(constant);
  const pads = padsValue ? toNumbers(padsValue) : ints(node, 'pads');
  if (!pads || pads.some((pad) => pad < 0) || (valueName && !fillValue) || (axesName && !axesValue)) return false;
  const begins = dims.map(() => 0);
  const axes = axesValue ? toNumbers(axesValue) : dims.map((_, axis) => axis);
  axes.forEach((axis, i) => {
    begins[axis < 0 ? axis + dims.length : axis] = pads[i]!;
  });
  const count = elementCount(outDims);
  const attribute = node.attributes.value;
  const value = fillValue ? toNumbers(fillValue)[0]! : typeof attribute === 'number' ? attribute : 0;
  const params = { output: context.dense(output), count, perTile: TILE_VALUES, value };
  context.emit(node, 'fill', params, Math.ceil(count / TILE_VALUES));
  const [from, to] = [stridesOf(dims), stridesOf(outDims)];
  emitMove(
    context,
    node,
    dims.map((size, axis) => ({
      from: range(size, from[axis]!),
      to: range(size, to[axis]!, begins[axis]! * to[axis]!),
    })),
  );
  return true;
};
