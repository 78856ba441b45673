import type { Node } from '../../graph/types.js';
import type { GradientRule } from '../types.js';

/** Rules by `domain:operator`. */
export type RuleSet = ReadonlyMap<string, GradientRule>;

/** A rule whose forward pass is the node itself, or in `about`. */
export function rule(about: Omit<GradientRule, 'backward'>, backward: GradientRule['backward']): GradientRule {
  return { ...about, backward };
}

/**
 * Joins lists of rules into a set; a later rule of the same operator replaces an earlier one.
 *
 * @example `differentiate(network, { microBatch: 16, rules: ruleSet(GRADIENT_RULES, [myRule]) })`
 */
export function ruleSet(...lists: readonly (readonly GradientRule[])[]): RuleSet {
  return new Map(lists.flat().map((rule) => [`${rule.domain ?? ''}:${rule.op}`, rule]));
}

export function findRule(rules: RuleSet, { domain, op }: Pick<Node, 'domain' | 'op'>): GradientRule | undefined {
  return rules.get(`${domain === 'ai.onnx' ? '' : domain}:${op}`);
}
