/** Einstein summation: named axes, those that the result lacks are summed. */
import type { TensorType } from '../graph/types.js';
import * as op from './define.js';
import type { Operator } from './operator.js';
import { offsets, range, stridesOf } from './strides.js';

const ELLIPSIS = '...';

interface Equation {
  /** One label per axis of each input, and of the output. Axes of an ellipsis are labelled by their place from the end. */
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
  readonly sizes: ReadonlyMap<string, number>;
}

function labels(context: op.AnyContext, term: string, rank: number): string[] {
  const [before, after, ...more] = term.split(ELLIPSIS);
  const valid = more.length === 0 && /^[A-Za-z]*$/.test(`${before}${after ?? ''}`);
  op.check(context.node, valid, 'the equation is wrong', 'letters and one ellipsis', term);
  const hidden = after === undefined ? 0 : rank - before!.length - after.length;
  const sameRank = hidden >= 0 && (after !== undefined || before!.length === rank);
  op.check(context.node, sameRank, 'a term has another rank than its input', rank, term);
  const middle = Array.from({ length: hidden }, (_, i) => `${ELLIPSIS}${hidden - i}`);
  return [...before!, ...middle, ...(after ?? '')];
}

function parse(context: op.AnyContext): Equation {
  const { node } = context;
  const text = String(node.attributes.equation ?? '').replaceAll(' ', '');
  const [left, right] = text.split('->');
  const terms = left!.split(',');
  op.checkEqual(node, 'the equation has another number of terms', context.inputs.length, terms.length);
  const inputs = terms.map((term, i) => labels(context, term, op.dimsOf(context, i).length));
  const sizes = new Map<string, number>();
  inputs.forEach((term, i) => {
    term.forEach((label, axis) => {
      const size = op.dimsOf(context, i)[axis]!;
      const known = sizes.get(label) ?? 1;
      op.check(node, known === 1 || size === 1 || known === size, `sizes of "${label}" differ`, known, size);
      sizes.set(label, Math.max(known, size));
      if (size === 0) sizes.set(label, 0);
    });
  });
  const hidden = [...sizes.keys()]
    .filter((label) => label.startsWith(ELLIPSIS))
    .sort((a, b) => Number(b.slice(3)) - Number(a.slice(3)));
  const all = inputs.flat();
  const once = [...new Set(all)].filter(
    (label) => !hidden.includes(label) && all.indexOf(label) === all.lastIndexOf(label),
  );
  const output =
    right === undefined
      ? [...hidden, ...once.sort()]
      : right
          .replace(ELLIPSIS, '\u0000')
          .split('')
          .flatMap((label) => (label === '\u0000' ? hidden : [label]));
  const distinct = new Set(output).size === output.length && output.every((label) => sizes.has(label));
  op.check(node, distinct, 'the result of the equation is wrong', 'distinct labels of the inputs', right);
  return { inputs, output, sizes };
}

/** Offsets into input `index` for every combination of the labels; repeated labels are its diagonal, size 1 broadcasts. */
function walk(context: op.AnyContext, { inputs, sizes }: Equation, index: number, over: readonly string[]): Int32Array {
  const strides = stridesOf(op.dimsOf(context, index));
  return offsets(
    over.map((label) => {
      let step = 0;
      inputs[index]!.forEach((own, axis) => {
        if (own === label && op.dimsOf(context, index)[axis] !== 1) step += strides[axis]!;
      });
      return range(sizes.get(label)!, step);
    }),
  );
}

export const EINSUM: readonly Operator[] = [
  op.define({
    name: 'Einsum',
    opset: [12, op.LATEST],
    arity: [1, Infinity],
    types: [[...op.FLOAT, 'int32', 'int64', 'uint32', 'uint64']],
    attributes: 'equation',
    infer(context): TensorType[] {
      const { output, sizes } = parse(context);
      if (context.inputs.length > 2)
        op.refuse(context.node, 'more than two inputs are not supported', 'Multiply them two at a time');
      return [{ type: op.typeOf(context), dims: output.map((label) => sizes.get(label)!) }];
    },
    evaluate(context, [y]) {
      const equation = parse(context);
      const summed = [...equation.sizes.keys()].filter((label) => !equation.output.includes(label));
      const factors = context.inputs.map((value, i) => ({
        values: op.elements(value!),
        outer: walk(context, equation, i, equation.output),
        inner: walk(context, equation, i, summed),
      }));
      const [a, b] = factors as [(typeof factors)[0], (typeof factors)[0] | undefined];
      const out = op.elements(y!);
      const times = op.multiplier(op.typeOf(context));
      const zero = op.element(op.typeOf(context), 0);
      for (let i = 0; i < out.length; i++) {
        let sum = zero;
        for (let k = 0; k < a.inner.length; k++) {
          const left = a.values[a.outer[i]! + a.inner[k]!]!;
          sum += b ? times(left, b.values[b.outer[i]! + b.inner[k]!]!) : left;
        }
        out[i] = sum;
      }
    },
  }),
];
