import { numbersAttribute } from '../../graph/attributes.js';
import type { GradientRule } from '../types.js';
import { range, reshape, transpose } from './shapes.js';

/** Operators that keep the elements and their order. */
function sameElements(op: string): GradientRule {
  return {
    domain: '',
    op,
    stops: [1],
    backward({ emitter, inputs, gradients }) {
      return [reshape(emitter, gradients[0]!, emitter.type(inputs[0]!).dims)];
    },
  };
}

const TRANSPOSE: GradientRule = {
  domain: '',
  op: 'Transpose',
  backward({ emitter, node, inputs, gradients }) {
    const rank = emitter.type(inputs[0]!).dims.length;
    const perm = numbersAttribute(node, 'perm') ?? range(rank).reverse();
    return [
      transpose(
        emitter,
        gradients[0]!,
        range(rank).map((axis) => perm.indexOf(axis)),
      ),
    ];
  },
};

export const SHAPES: readonly GradientRule[] = [
  ...['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'].map(sameElements),
  TRANSPOSE,
];
