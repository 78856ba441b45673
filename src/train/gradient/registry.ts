import type { GradientRule } from '../types.js';

/** Rules by `domain:operator`. */
export type RuleSet = ReadonlyMap<string, GradientRule>;

/**
 * Joins lists of rules into a set; a later rule of the same operator replaces an earlier one.
 *
 * @example `differentiate(network, { microBatch: 16, rules: ruleSet(GRADIENT_RULES, [myRule]) })`
 */
export function ruleSet(...lists: readonly (readonly GradientRule[])[]): RuleSet {
  return new Map(lists.flat().map((rule) => [`${rule.domain}:${rule.op}`, rule]));
}

export function findRule(
  rules: RuleSet,
  node: { readonly domain: string; readonly op: string },
): GradientRule | undefined {
  return rules.get(`${node.domain === 'ai.onnx' ? '' : node.domain}:${node.op}`);
}
