import { elementCount } from '../graph/tensor.js';
import type { TensorValue } from '../graph/types.js';
import { castTo } from './cast.js';
import * as op from './define.js';
import type { Operator, OperatorTraits } from './operator.js';
import { gather, offsets, range, span, stridesOf, type Table } from './strides.js';

const ALIAS: OperatorTraits = { alias: true };

/** Copies the first input unchanged: the shape alone differs. */
function copy(context: op.EvaluateContext, outputs: readonly TensorValue[]): void {
  const [x, out] = [op.input(context), op.elements(outputs[0]!)];
  for (let i = 0; i < out.length; i++) out[i] = x[i]!;
}

/** An operator that gives its input another shape. */
function view(name: string, shape: (context: op.AnyContext) => number[], more: Partial<op.Definition> = {}): Operator {
  return op.define({
    name,
    types: [op.ANY, op.INT64],
    traits: ALIAS,
    raw: true,
    infer: (context) => [{ type: op.typeOf(context), dims: shape(context) }],
    evaluate: copy,
    ...more,
  });
}

/** An operator whose output element i is input element `at(context)[i]`, the outer sum of the tables. */
export function rearrange(
  name: string,
  at: (context: op.AnyContext) => readonly Table[],
  more: Partial<op.Definition> = {},
): Operator {
  return op.define({
    name,
    types: [op.ANY, op.INT64],
    raw: true,
    infer: (context) => [{ type: op.typeOf(context), dims: at(context).map((table) => table.length) }],
    evaluate: (context, [y]) =>
      gather(op.input(context), offsets(at(context).map((table) => table.build())), op.elements(y!)),
    ...more,
  });
}

function reshape(context: op.AnyContext): number[] {
  const { node } = context;
  const dims = op.dimsOf(context);
  const keepZero = op.int(node, 'allowzero', 0) !== 0;
  const shape = op.numbers(context, 1)!.map((size, d) => (size === 0 && !keepZero ? (dims[d] ?? -2) : size));
  const unknown = shape.indexOf(-1);
  const count = elementCount(dims);
  const rest = elementCount(shape.filter((_, d) => d !== unknown));
  if (unknown >= 0) shape[unknown] = rest === 0 ? (count === 0 ? 0 : -2) : count / rest;
  const known = shape.every((size) => size >= 0 && Number.isInteger(size));
  op.check(node, known, 'the shape does not fit', `${count} elements`, `[${op.numbers(context, 1)}]`);
  op.check(node, elementCount(shape) === count, 'the shape does not fit', `${count} elements`, `[${shape}]`);
  return shape;
}

function flatten(context: op.AnyContext): number[] {
  const dims = op.dimsOf(context);
  const axis = op.int(context.node, 'axis', 1);
  // axis = rank is allowed here: everything goes to the first axis.
  const split = axis === dims.length ? axis : op.axisOf(context.node, axis, dims.length);
  return [elementCount(dims.slice(0, split)), elementCount(dims.slice(split))];
}

function squeeze(context: op.AnyContext): number[] {
  const dims = op.dimsOf(context);
  const given = op.setting(context, 'axes', 1, 13);
  const axes = given && op.axesOf(context.node, given, dims.length);
  for (const axis of axes ?? []) op.checkEqual(context.node, `axis ${axis} cannot be squeezed`, 1, dims[axis]);
  return dims.filter((dim, d) => (axes ? !axes.includes(d) : dim !== 1));
}

function unsqueeze(context: op.AnyContext): number[] {
  const dims = [...op.dimsOf(context)];
  const given = op.setting(context, 'axes', 1, 13);
  op.check(context.node, given !== undefined, 'axes are missing', 'a list of integers', 'nothing');
  const axes = op.axesOf(context.node, given!, dims.length + given!.length);
  for (const axis of axes.sort((a, b) => a - b)) dims.splice(axis, 0, 1);
  return dims;
}

function transpose(context: op.AnyContext): Table[] {
  const dims = op.dimsOf(context);
  const perm = op.ints(context.node, 'perm') ?? dims.map((_, d) => dims.length - 1 - d);
  op.checkEqual(context.node, 'perm has the wrong length', dims.length, perm.length);
  op.checkLeast(context.node, 'perm', perm, 0);
  const strides = stridesOf(dims);
  return op.axesOf(context.node, perm, dims.length).map((axis) => span(dims[axis]!, strides[axis]!));
}

function expand(context: op.AnyContext): Table[] {
  const dims = op.dimsOf(context);
  const shape = op.numbers(context, 1)!;
  const rank = Math.max(dims.length, shape.length);
  const strides = stridesOf(dims);
  return Array.from({ length: rank }, (_, d) => {
    const size = dims[d - rank + dims.length] ?? 1;
    const wanted = shape[d - rank + shape.length] ?? 1;
    const fits = size === wanted || size === 1 || wanted === 1;
    op.check(context.node, fits, 'shapes do not broadcast', `[${dims}]`, `[${shape}]`);
    checkSize(context, wanted);
    return size === 1 ? span(wanted, 0) : span(size, strides[d - rank + dims.length]!);
  });
}

/** Refuses sizes that no table of offsets could hold. */
export function checkSize(context: op.AnyContext, size: number): void {
  op.check(context.node, size >= 0 && Number.isInteger(size), 'a size is invalid', 'at least 0', size);
  if (size >= 2 ** 31) op.refuse(context.node, `a size of ${size} is too large`);
}

function slice(context: op.AnyContext): Table[] {
  const { node } = context;
  const dims = op.dimsOf(context);
  const starts = op.setting(context, 'starts', 1, 10);
  const ends = op.setting(context, 'ends', 2, 10);
  const paired = starts !== undefined && starts.length === ends?.length;
  op.check(node, paired, 'starts and ends differ in length', starts?.length, ends?.length);
  const axes = op.axesOf(node, op.setting(context, 'axes', 3, 10) ?? starts!.map((_, i) => i), dims.length);
  const steps = (context.opset < 10 ? undefined : op.numbers(context, 4)) ?? axes.map(() => 1);
  const complete = axes.length === starts!.length && steps.length === axes.length;
  op.check(node, complete, 'starts, axes and steps differ in length', starts!.length, [axes.length, steps.length]);
  const strides = stridesOf(dims);
  const tables = dims.map((size, d) => span(size, strides[d]!));
  axes.forEach((axis, i) => {
    const [size, step] = [dims[axis]!, steps[i]!];
    op.check(node, step !== 0, 'a step is zero', 'any other integer', 0);
    const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
    const clamp = (x: number) => Math.min(high, Math.max(low, x < 0 ? x + size : x));
    const start = Math.max(step > 0 ? 0 : Math.min(0, size - 1), clamp(starts![i]!));
    const count = Math.max(0, Math.ceil((clamp(ends![i]!) - start) / step));
    tables[axis] = span(count, step * strides[axis]!, start * strides[axis]!);
  });
  return tables;
}

const concat = op.define({
  name: 'Concat',
  arity: [1, Infinity],
  types: [op.ANY],
  attributes: 'axis',
  raw: true,
  infer(context) {
    const first = op.dimsOf(context);
    const axis = op.axisAttribute(context);
    const dims = [...first];
    dims[axis] = 0;
    for (const part of context.inputs) {
      const fits = part?.dims.length === dims.length && part.dims.every((size, d) => d === axis || size === dims[d]);
      op.check(context.node, fits, 'shapes differ outside of the axis', `[${first}]`, `[${part?.dims}]`);
      dims[axis] += part!.dims[axis]!;
    }
    return [{ type: op.typeOf(context), dims }];
  },
  evaluate(context, [y]) {
    const axis = op.axisAttribute(context);
    const inner = elementCount(y!.dims.slice(axis + 1));
    const outer = elementCount(y!.dims.slice(0, axis));
    const out = op.elements(y!);
    let start = 0;
    context.inputs.forEach((part, p) => {
      const x = op.input(context, p);
      const run = part!.dims[axis]! * inner;
      for (let o = 0; o < outer; o++) {
        for (let i = 0; i < run; i++) out[o * y!.dims[axis]! * inner + start + i] = x[o * run + i]!;
      }
      start += run;
    });
  },
});

function splitSizes(context: op.AnyContext): { axis: number; sizes: number[] } {
  const { node, opset } = context;
  const dims = op.dimsOf(context);
  const axis = op.axisAttribute(context, 0);
  const size = dims[axis]!;
  const given = op.setting(context, 'split', 1, 13);
  const count = op.int(node, 'num_outputs', node.outputs.length);
  const counted = count >= 1 && count === node.outputs.length;
  op.check(node, counted, 'num_outputs does not count the outputs', node.outputs.length, count);
  const chunk = Math.ceil(size / count);
  const even = given !== undefined || opset >= 18 || size % count === 0;
  op.check(node, even, 'the axis does not split evenly', `a multiple of ${count}`, size);
  const sizes = given ?? Array.from({ length: count }, (_, i) => Math.max(0, Math.min(chunk, size - i * chunk)));
  const valid = sizes.every((part) => part >= 0) && sizes.reduce((a, b) => a + b, 0) === size;
  op.check(node, valid, 'split does not add up', size, sizes);
  return { axis, sizes };
}

const split = op.define({
  name: 'Split',
  arity: [1, 2],
  types: [op.ANY, op.INT64],
  attributes: 'axis split num_outputs',
  raw: true,
  infer(context) {
    const { axis, sizes } = splitSizes(context);
    return sizes.map((size) => ({ type: op.typeOf(context), dims: op.dimsOf(context).with(axis, size) }));
  },
  evaluate(context, outputs) {
    const { axis, sizes } = splitSizes(context);
    const dims = op.dimsOf(context);
    const strides = stridesOf(dims);
    let start = 0;
    outputs.forEach((output, i) => {
      const tables = output.dims.map((size, d) => range(size, strides[d]!, d === axis ? start * strides[d]! : 0));
      gather(op.input(context), offsets(tables), op.elements(output));
      start += sizes[i]!;
    });
  },
});

const dropout = (
  opset: readonly [number, number],
  types: op.Definition['types'],
  attributes: string,
  arity: readonly [number, number],
) =>
  op.define({
    name: 'Dropout',
    opset,
    arity,
    types,
    attributes,
    traits: ALIAS,
    raw: true,
    infer(context) {
      const { node } = context;
      const training = context.inputs[2] ? op.numbers(context, 2)![0] : 0;
      const ratio = training && context.inputs[1] ? op.numbers(context, 1)![0] : 0.5;
      if (training && ratio !== 0) op.refuse(node, 'training mode drops at random', 'Export the model for inference');
      const [type, dims] = [op.typeOf(context), op.dimsOf(context)];
      return [
        { type, dims },
        { type: opset[0] < 10 ? type : 'bool', dims },
      ];
    },
    evaluate(context, [y, mask]) {
      copy(context, [y!]);
      if (!mask) return;
      const one = castTo(mask.type, { type: 'uint8', dims: [1], data: Uint8Array.of(1) });
      op.elements(mask).fill(op.elements(one)[0]!);
    },
  });

export const SHAPE: readonly Operator[] = [
  view('Reshape', reshape, { arity: [2, 2], attributes: 'allowzero' }),
  view('Flatten', flatten, { attributes: 'axis' }),
  view('Squeeze', squeeze, {
    arity: [1, 2],
    attributes: 'axes',
    traits: { alias: true, rankFromSizes: ({ inputs, attributes }) => !inputs[1] && !attributes.axes },
  }),
  view('Unsqueeze', unsqueeze, { arity: [1, 2], attributes: 'axes' }),
  view('Identity', (context) => [...op.dimsOf(context)]),
  rearrange('Transpose', transpose, { attributes: 'perm' }),
  rearrange('Expand', expand, { arity: [2, 2] }),
  rearrange('Slice', slice, { arity: [1, 5], attributes: 'starts ends axes', types: [op.ANY, op.INDEX] }),
  concat,
  split,
  dropout([7, 9], [op.FLOAT], 'ratio', [1, 1]),
  dropout([10, 11], [op.FLOAT], 'ratio', [1, 1]),
  dropout([12, op.LATEST], [op.FLOAT, [...op.FLOAT], op.BOOL], 'seed', [1, 3]),
];
