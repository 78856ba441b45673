import { isAlias } from '../aliases.js';
import type { LoweringRule } from '../types.js';

/** Operators that only rename the same bytes: Reshape, Flatten, Squeeze, Unsqueeze, Identity, Dropout without a used mask. */
export const lowerAlias: LoweringRule = (context, node) => {
  if (!isAlias(context.concrete, node)) return false;
  context.alias(node.outputs[0]!, node.inputs[0]!);
  return true;
};
