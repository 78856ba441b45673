import { numberAttribute, numbersAttribute } from '../../graph/attributes.js';
import { toNumbers } from '../../graph/tensor.js';
import { nodeError } from '../../ops/operator.js';
import type { Emitter, ForwardContext, GradientRule } from '../types.js';
import { rule } from './registry.js';
import { positive, range, reduceTo, reshape, transpose, zeros } from './shapes.js';

/** Operators that keep the elements and their order. */
function sameElements(op: string): GradientRule {
  return rule({ op, stops: [1] }, ({ emitter, inputs, gradients }) => {
    return [reshape(emitter, gradients[0]!, emitter.type(inputs[0]!).dims)];
  });
}

const TRANSPOSE = rule({ op: 'Transpose' }, ({ emitter, node, inputs, gradients }) => {
  const rank = emitter.type(inputs[0]!).dims.length;
  const perm = numbersAttribute(node, 'perm') ?? range(rank).reverse();
  const inverse = range(rank).map((axis) => perm.indexOf(axis));
  return [transpose(emitter, gradients[0]!, inverse)];
});

const EXPAND: GradientRule = {
  op: 'Expand',
  stops: [1],
  backward: ({ emitter, inputs, gradients }) => [reduceTo(emitter, gradients[0]!, emitter.type(inputs[0]!).dims)],
};

const CONCAT = rule({ op: 'Concat' }, ({ emitter, node, inputs, gradients, wanted }) => {
  const axis = positive(numberAttribute(node, 'axis', 0), emitter.type(inputs[0]!).dims.length);
  let at = 0;
  return inputs.map((input, index) => {
    const start = at;
    at += emitter.type(input).dims[axis]!;
    return wanted[index] ? slice(emitter, gradients[0]!, [start], [at], [axis]) : undefined;
  });
});

function slice(
  emitter: Emitter,
  x: string,
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[],
  steps: readonly number[] = axes.map(() => 1),
): string {
  return emitter.node('Slice', [x, ...[starts, ends, axes, steps].map((list) => emitter.ints(list))]);
}

const SPLIT: GradientRule = {
  op: 'Split',
  stops: [1],
  /** Equal parts are an attribute or nothing, depending on the version: always returns sizes. */
  forward({ emitter, node, inputs }) {
    const axis = positive(numberAttribute(node, 'axis', 0), emitter.type(inputs[0]!).dims.length);
    const count = node.outputs.length;
    if (inputs[1]) return { outputs: emitter.nodes('Split', inputs, count, { axis }) };
    const size = emitter.type(inputs[0]!).dims[axis]!;
    const part = Math.ceil(size / count);
    const sizes = range(count).map((index) => Math.max(0, Math.min(part, size - index * part)));
    return { outputs: emitter.nodes('Split', [inputs[0]!, emitter.ints(sizes)], count, { axis }) };
  },
  backward({ emitter, node, inputs, outputs, gradients }) {
    const axis = positive(numberAttribute(node, 'axis', 0), emitter.type(inputs[0]!).dims.length);
    const parts = outputs.map((output, index) => gradients[index] ?? zeros(emitter, output, emitter.type(output).dims));
    return [emitter.node('Concat', parts, { axis })];
  },
};

/** A constant list of integers given as an input. */
function listOf({ emitter, node, inputs }: ForwardContext, index: number): number[] | undefined {
  const name = inputs[index];
  if (!name) return undefined;
  const value = emitter.value(name);
  if (!value) throw nodeError(node, 'UNSUPPORTED', `input ${index} is computed while the network runs`);
  return toNumbers(value);
}

/** Undoes the slice one axis after the other: zeros between, before and behind the elements that it took. */
const SLICE = rule({ op: 'Slice', stops: [1, 2, 3, 4] }, (context) => {
  const { emitter, inputs, gradients } = context;
  const { dims } = emitter.type(inputs[0]!);
  const starts = listOf(context, 1) ?? [];
  const axes = listOf(context, 3) ?? range(starts.length);
  const steps = listOf(context, 4) ?? axes.map(() => 1);
  let gradient = gradients[0]!;
  axes.forEach((given, index) => {
    const axis = positive(given, dims.length);
    const size = dims[axis]!;
    const count = emitter.type(gradient).dims[axis]!;
    const step = steps[index]!;
    const start = positive(starts[index]!, size);
    let first = Math.max(0, Math.min(start, size - 1));
    if (step < 0) {
      gradient = slice(emitter, gradient, [-1], [-size - 1], [axis], [-1]);
      first += (count - 1) * step;
    }
    gradient = place(emitter, gradient, axis, first, Math.abs(step), size);
  });
  return [gradient];
});

/** x along an axis at `first`, `first + step`, … of `size` positions, zeros elsewhere. */
export function place(emitter: Emitter, x: string, axis: number, first: number, step: number, size: number): string {
  const { dims } = emitter.type(x);
  const count = dims[axis]!;
  let [placed, length] = [x, count];
  if (step > 1 && count > 1) {
    const apart = reshape(emitter, x, [...dims.slice(0, axis + 1), 1, ...dims.slice(axis + 1)]);
    const padded = padAxis(emitter, apart, axis + 1, 0, step - 1);
    length = count * step;
    placed = reshape(emitter, padded, dims.with(axis, length));
  }
  return padAxis(emitter, placed, axis, first, size - first - length);
}

/** Zeros before and behind along one axis; negative numbers crop. */
function padAxis(emitter: Emitter, x: string, axis: number, before: number, behind: number): string {
  if (before === 0 && behind === 0) return x;
  const zeros = emitter.type(x).dims.map(() => 0);
  return emitter.node('Pad', [x, emitter.ints([...zeros.with(axis, before), ...zeros.with(axis, behind)])]);
}

const PAD = rule({ op: 'Pad', stops: [1, 2, 3] }, (context) => {
  const { emitter, node, inputs, gradients } = context;
  if ((node.attributes.mode ?? 'constant') !== 'constant') {
    throw nodeError(node, 'UNSUPPORTED', `the gradient of mode ${node.attributes.mode} is not known`);
  }
  const rank = emitter.type(inputs[0]!).dims.length;
  const pads = listOf(context, 1) ?? [];
  const axes = (listOf(context, 3) ?? range(rank)).map((axis) => positive(axis, rank));
  const undone = range(2 * rank).fill(0);
  axes.forEach((axis, index) => {
    undone[axis] = -pads[index]! || 0;
    undone[axis + rank] = -pads[index + axes.length]! || 0;
  });
  return [emitter.node('Pad', [gradients[0]!, emitter.ints(undone)])];
});

/** Adds the gradient of every row that was gathered to its source. */
const GATHER = rule({ op: 'Gather', stops: [1] }, (context) => {
  const { emitter, node, inputs, gradients } = context;
  const { dims } = emitter.type(inputs[0]!);
  const indexDims = emitter.type(inputs[1]!).dims;
  const axis = positive(numberAttribute(node, 'axis', 0), dims.length);
  // The gathered axes first, so that rows of what is left are added up.
  const rest = range(dims.length).filter((other) => other !== axis);
  const front = range(indexDims.length).map((index) => axis + index);
  const others = rest.map((other) => (other < axis ? other : other + indexDims.length - 1));
  const rows = transpose(emitter, gradients[0]!, [...front, ...others]);
  const turned = [axis, ...rest].map((from) => dims[from]!);
  const blank = zeros(emitter, inputs[0]!, turned);
  const wide = emitter.node('Cast', [inputs[1]!], { to: 7 });
  const indices = reshape(emitter, wide, [...indexDims, 1]);
  const sum = emitter.node('ScatterND', [blank, indices, rows], { reduction: 'add' });
  const order = range(dims.length).map((target) => [axis, ...rest].indexOf(target));
  return [transpose(emitter, sum, order)];
});

export const SHAPES: readonly GradientRule[] = [
  ...['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'].map(sameElements),
  TRANSPOSE,
  EXPAND,
  CONCAT,
  SPLIT,
  SLICE,
  PAD,
  GATHER,
];
