import { elementCount } from '../../graph/tensor.js';
import type { FamilyOperator } from '../family.js';
import { inputsOf } from '../operator.js';
import { QUANTIZED_CONV } from './spec.js';

/** The operator of the integer family and what it computes. */
export const INTEGER_OPERATORS: readonly FamilyOperator[] = [
  {
    spec: QUANTIZED_CONV,
    result: 'sums',
    quantizes: true,
    work: (node, dims) => ({
      macs: elementCount(dims(node.outputs[0])) * elementCount(dims(inputsOf(QUANTIZED_CONV, node).W).slice(1)),
    }),
  },
];
