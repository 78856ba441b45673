import { INTEGER_RULES, inputsOf, type LoweringRule, QUANTIZED_CONV, ruleName } from '../../src/lut/index.js';
import { SQUARES } from './spec.js';

/** A product by squares is the product itself, so the kernel of the integer family computes the same sums. */
export const lowerSquares: LoweringRule = (context, node) => {
  const { squares: _, ...inputs } = inputsOf(SQUARES, node);
  const names = QUANTIZED_CONV.inputs.map((name) => inputs[name]);
  return INTEGER_RULES[ruleName(QUANTIZED_CONV)]!(context, { ...node, op: QUANTIZED_CONV.name, inputs: names });
};
