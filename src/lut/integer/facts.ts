import { elementCount } from '../../graph/tensor.js';
import type { OperatorFacts } from '../family.js';
import { inputsOf } from '../operator.js';
import { QUANTIZED_CONV } from './spec.js';

/** The operator of the integer family and what it computes. */
export const INTEGER_FACTS: readonly OperatorFacts[] = [
  {
    spec: QUANTIZED_CONV,
    result: 'sums',
    quantizes: true,
    work: (node, dims) => ({
      macs: elementCount(dims(node.outputs[0])) * elementCount(dims(inputsOf(QUANTIZED_CONV, node).W).slice(1)),
    }),
  },
];
