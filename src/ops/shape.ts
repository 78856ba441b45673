import { elementCount } from '../graph/tensor.js';
import type { TensorValue } from '../graph/types.js';
import { castTo } from './cast.js';
import type { AnyContext, Definition, EvaluateContext } from './define.js';
import {
  ANY,
  axesOf,
  axisOf,
  BOOL,
  check,
  define,
  dimsOf,
  elements,
  FLOAT,
  INDEX,
  INT64,
  input,
  int,
  ints,
  LATEST,
  numbers,
  refuse,
  setting,
  typeOf,
} from './define.js';
import type { Operator, OperatorTraits } from './operator.js';
import { gather, offsets, range, stridesOf } from './strides.js';

const ALIAS: OperatorTraits = { alias: true };

/** Copies the first input unchanged: the shape alone differs. */
function copy(context: EvaluateContext, outputs: readonly TensorValue[]): void {
  const [x, out] = [input(context), elements(outputs[0]!)];
  for (let i = 0; i < out.length; i++) out[i] = x[i]!;
}

/** An operator that gives its input another shape. */
function view(name: string, shape: (context: AnyContext) => number[], more: Partial<Definition> = {}): Operator {
  return define({
    name,
    types: [ANY, INT64],
    traits: ALIAS,
    raw: true,
    infer: (context) => [{ type: typeOf(context), dims: shape(context) }],
    evaluate: copy,
    ...more,
  });
}

/** An operator whose output element i is input element `at(context)[i]`. */
export function rearrange(
  name: string,
  at: (context: AnyContext) => readonly ArrayLike<number>[],
  more: Partial<Definition> = {},
): Operator {
  return define({
    name,
    types: [ANY, INT64],
    raw: true,
    infer: (context) => [{ type: typeOf(context), dims: at(context).map((table) => table.length) }],
    evaluate: (context, [y]) => gather(input(context), offsets(at(context)), elements(y!)),
    ...more,
  });
}

function reshape(context: AnyContext): number[] {
  const { node } = context;
  const dims = dimsOf(context);
  const keepZero = int(node, 'allowzero', 0) !== 0;
  const shape = numbers(context, 1)!.map((size, d) => (size === 0 && !keepZero ? (dims[d] ?? -2) : size));
  const unknown = shape.indexOf(-1);
  const count = elementCount(dims);
  const rest = elementCount(shape.filter((_, d) => d !== unknown));
  if (unknown >= 0) shape[unknown] = rest === 0 ? (count === 0 ? 0 : -2) : count / rest;
  check(
    node,
    shape.every((size) => size >= 0 && Number.isInteger(size)),
    'the shape does not fit',
    `${count} elements`,
    `[${numbers(context, 1)}]`,
  );
  check(node, elementCount(shape) === count, 'the shape does not fit', `${count} elements`, `[${shape}]`);
  return shape;
}

function flatten(context: AnyContext): number[] {
  const dims = dimsOf(context);
  const axis = int(context.node, 'axis', 1);
  // axis = rank is allowed here: everything goes to the first axis.
  const split = axis === dims.length ? axis : axisOf(context.node, axis, dims.length);
  return [elementCount(dims.slice(0, split)), elementCount(dims.slice(split))];
}

function squeeze(context: AnyContext): number[] {
  const dims = dimsOf(context);
  const given = setting(context, 'axes', 1, 13);
  const axes = given && axesOf(context.node, given, dims.length);
  for (const axis of axes ?? [])
    check(context.node, dims[axis] === 1, `axis ${axis} cannot be squeezed`, 1, dims[axis]);
  return dims.filter((dim, d) => (axes ? !axes.includes(d) : dim !== 1));
}

function unsqueeze(context: AnyContext): number[] {
  const dims = [...dimsOf(context)];
  const given = setting(context, 'axes', 1, 13);
  check(context.node, given !== undefined, 'axes are missing', 'a list of integers', 'nothing');
  const axes = axesOf(context.node, given!, dims.length + given!.length);
  for (const axis of axes.sort((a, b) => a - b)) dims.splice(axis, 0, 1);
  return dims;
}

function transpose(context: AnyContext): Int32Array[] {
  const dims = dimsOf(context);
  const perm = ints(context.node, 'perm') ?? dims.map((_, d) => dims.length - 1 - d);
  check(context.node, perm.length === dims.length, 'perm has the wrong length', dims.length, perm.length);
  check(
    context.node,
    perm.every((axis) => axis >= 0),
    'perm is out of range',
    'at least 0',
    perm,
  );
  const strides = stridesOf(dims);
  return axesOf(context.node, perm, dims.length).map((axis) => range(dims[axis]!, strides[axis]!));
}

function expand(context: AnyContext): Int32Array[] {
  const dims = dimsOf(context);
  const shape = numbers(context, 1)!;
  const rank = Math.max(dims.length, shape.length);
  const strides = stridesOf(dims);
  return Array.from({ length: rank }, (_, d) => {
    const size = dims[d - rank + dims.length] ?? 1;
    const wanted = shape[d - rank + shape.length] ?? 1;
    check(
      context.node,
      size === wanted || size === 1 || wanted === 1,
      'shapes do not broadcast',
      `[${dims}]`,
      `[${shape}]`,
    );
    checkSize(context, wanted);
    return size === 1 ? range(wanted, 0) : range(size, strides[d - rank + dims.length]!);
  });
}

/** Refuses sizes that no table of offsets could hold. */
export function checkSize(context: AnyContext, size: number): void {
  check(context.node, size >= 0 && Number.isInteger(size), 'a size is invalid', 'at least 0', size);
  if (size >= 2 ** 31) refuse(context.node, `a size of ${size} is too large`);
}

function slice(context: AnyContext): Int32Array[] {
  const { node } = context;
  const dims = dimsOf(context);
  const starts = setting(context, 'starts', 1, 10);
  const ends = setting(context, 'ends', 2, 10);
  check(
    node,
    starts !== undefined && starts.length === ends?.length,
    'starts and ends differ in length',
    starts?.length,
    ends?.length,
  );
  const axes = axesOf(node, setting(context, 'axes', 3, 10) ?? starts!.map((_, i) => i), dims.length);
  const steps = (context.opset < 10 ? undefined : numbers(context, 4)) ?? axes.map(() => 1);
  check(
    node,
    axes.length === starts!.length && steps.length === axes.length,
    'starts, axes and steps differ in length',
    starts!.length,
    [axes.length, steps.length],
  );
  const strides = stridesOf(dims);
  const tables = dims.map((size, d) => range(size, strides[d]!));
  axes.forEach((axis, i) => {
    const [size, step] = [dims[axis]!, steps[i]!];
    check(node, step !== 0, 'a step is zero', 'any other integer', 0);
    const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
    const clamp = (x: number) => Math.min(high, Math.max(low, x < 0 ? x + size : x));
    const start = Math.max(step > 0 ? 0 : Math.min(0, size - 1), clamp(starts![i]!));
    const count = Math.max(0, Math.ceil((clamp(ends![i]!) - start) / step));
    tables[axis] = range(count, step * strides[axis]!, start * strides[axis]!);
  });
  return tables;
}

const concat = define({
  name: 'Concat',
  arity: [1, Infinity],
  types: [ANY],
  attributes: 'axis',
  raw: true,
  infer(context) {
    const first = dimsOf(context);
    const axis = axisOf(context.node, int(context.node, 'axis'), first.length);
    const dims = [...first];
    dims[axis] = 0;
    for (const part of context.inputs) {
      const fits = part?.dims.length === dims.length && part.dims.every((size, d) => d === axis || size === dims[d]);
      check(context.node, fits, 'shapes differ outside of the axis', `[${first}]`, `[${part?.dims}]`);
      dims[axis] += part!.dims[axis]!;
    }
    return [{ type: typeOf(context), dims }];
  },
  evaluate(context, [y]) {
    const axis = axisOf(context.node, int(context.node, 'axis'), y!.dims.length);
    const inner = elementCount(y!.dims.slice(axis + 1));
    const outer = elementCount(y!.dims.slice(0, axis));
    const out = elements(y!);
    let start = 0;
    context.inputs.forEach((part, p) => {
      const x = input(context, p);
      const run = part!.dims[axis]! * inner;
      for (let o = 0; o < outer; o++) {
        for (let i = 0; i < run; i++) out[o * y!.dims[axis]! * inner + start + i] = x[o * run + i]!;
      }
      start += run;
    });
  },
});

function splitSizes(context: AnyContext): { axis: number; sizes: number[] } {
  const { node, opset } = context;
  const dims = dimsOf(context);
  const axis = axisOf(node, int(node, 'axis', 0), dims.length);
  const size = dims[axis]!;
  const given = setting(context, 'split', 1, 13);
  const count = int(node, 'num_outputs', node.outputs.length);
  check(
    node,
    count >= 1 && count === node.outputs.length,
    'num_outputs does not count the outputs',
    node.outputs.length,
    count,
  );
  const chunk = Math.ceil(size / count);
  check(
    node,
    given !== undefined || opset >= 18 || size % count === 0,
    'the axis does not split evenly',
    `a multiple of ${count}`,
    size,
  );
  const sizes = given ?? Array.from({ length: count }, (_, i) => Math.max(0, Math.min(chunk, size - i * chunk)));
  const valid = sizes.every((part) => part >= 0) && sizes.reduce((a, b) => a + b, 0) === size;
  check(node, valid, 'split does not add up', size, sizes);
  return { axis, sizes };
}

const split = define({
  name: 'Split',
  arity: [1, 2],
  types: [ANY, INT64],
  attributes: 'axis split num_outputs',
  raw: true,
  infer(context) {
    const { axis, sizes } = splitSizes(context);
    return sizes.map((size) => ({ type: typeOf(context), dims: dimsOf(context).with(axis, size) }));
  },
  evaluate(context, outputs) {
    const { axis, sizes } = splitSizes(context);
    const dims = dimsOf(context);
    const strides = stridesOf(dims);
    let start = 0;
    outputs.forEach((output, i) => {
      const tables = output.dims.map((size, d) => range(size, strides[d]!, d === axis ? start * strides[d]! : 0));
      gather(input(context), offsets(tables), elements(output));
      start += sizes[i]!;
    });
  },
});

const dropout = (
  opset: readonly [number, number],
  types: Definition['types'],
  attributes: string,
  arity: readonly [number, number],
) =>
  define({
    name: 'Dropout',
    opset,
    arity,
    types,
    attributes,
    traits: ALIAS,
    raw: true,
    infer(context) {
      const { node } = context;
      const training = context.inputs[2] ? numbers(context, 2)![0] : 0;
      const ratio = training && context.inputs[1] ? numbers(context, 1)![0] : 0.5;
      if (training && ratio !== 0) refuse(node, 'training mode drops at random', 'Export the model for inference');
      const [type, dims] = [typeOf(context), dimsOf(context)];
      return [
        { type, dims },
        { type: opset[0] < 10 ? type : 'bool', dims },
      ];
    },
    evaluate(context, [y, mask]) {
      copy(context, [y!]);
      if (mask)
        elements(mask).fill(elements(castTo(mask.type, { type: 'uint8', dims: [1], data: Uint8Array.of(1) }))[0]!);
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
  view('Identity', (context) => [...dimsOf(context)]),
  rearrange('Transpose', transpose, { attributes: 'perm' }),
  rearrange('Expand', expand, { arity: [2, 2] }),
  rearrange('Slice', slice, { arity: [1, 5], attributes: 'starts ends axes', types: [ANY, INDEX] }),
  concat,
  split,
  dropout([7, 9], [FLOAT], 'ratio', [1, 1]),
  dropout([10, 11], [FLOAT], 'ratio', [1, 1]),
  dropout([12, LATEST], [FLOAT, [...FLOAT], BOOL], 'seed', [1, 3]),
];
