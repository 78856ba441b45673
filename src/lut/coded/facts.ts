import { numberAttribute } from '../../graph/attributes.js';
import { elementCount } from '../../graph/tensor.js';
import type { OperatorFacts } from '../family.js';
import { inputsOf } from '../operator.js';
import { ENCODE, ENCODE_TREE, LOOK_UP } from './spec.js';

const encoder = { result: 'codes', quantizes: true } as const;

/** Operators of the coded family and what they compute. */
export const CODED_FACTS: readonly OperatorFacts[] = [
  {
    ...encoder,
    spec: ENCODE,
    /** Every code is the best of K products with a row of Q [B·K, g, kh, kw]. */
    work: (node, dims) => ({
      searchMacs:
        elementCount(dims(node.outputs[0])) *
        numberAttribute(node, 'K', 0) *
        elementCount(dims(inputsOf(ENCODE, node).Q).slice(1)),
    }),
  },
  { ...encoder, spec: ENCODE_TREE, work: () => ({}) },
  {
    spec: LOOK_UP,
    result: 'sums',
    quantizes: false,
    /** Every output adds one entry per codebook and tap of the table [M, B·K, th, tw]. */
    work(node, dims) {
      const table = dims(inputsOf(LOOK_UP, node).table);
      const [, rows = 0, ...taps] = table;
      const entries = (rows * elementCount(taps)) / numberAttribute(node, 'K', 1);
      return { lookups: elementCount(dims(node.outputs[0])) * entries, tableBytes: elementCount(table) };
    },
  },
];
