import type { LoweringRule } from '../types.js';

/** Operators that only rename the same bytes: Reshape, Flatten, Squeeze, Unsqueeze, Identity, Dropout without a used mask. */
export const lowerAlias: LoweringRule = (context, node) => {
  const [output, mask] = node.outputs as [string, string | undefined];
  if (mask && (context.concrete.consumers.has(mask) || context.concrete.outputs.has(mask))) return false;
  if (context.type(output).type === 'string') return false;
  context.alias(output, node.inputs[0]!);
  return true;
};
