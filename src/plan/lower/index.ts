import { LutraError } from '../../errors.js';
import { LOOKUP_RULES } from '../../lut/lower.js';
import { Lowering } from '../context.js';
import type { ConcreteGraph, LoweringRule, VirtualBuffer } from '../types.js';
import { DENSE_RULES } from './dense.js';

/** Fast paths by `domain:op`; whatever has none, or whose rule declines, runs its operator's `evaluate`. */
const rules: Record<string, LoweringRule> = { ...DENSE_RULES, ...LOOKUP_RULES };

/** Adds fast paths for rarer operators. */
export function registerRules(more: Readonly<Record<string, LoweringRule>>): void {
  Object.assign(rules, more);
}

/**
 * Turns nodes into steps over virtual buffers. A producer stores only what its readers ask for; when a reader turns out to need
 * the dense tensor after all (its rule declined), the walk is repeated with that value stored densely.
 */
export function lower(concrete: ConcreteGraph, threads: number): Lowering {
  const forced = new Set<string>();
  const constants = new Map<string, VirtualBuffer>();
  for (;;) {
    const lowering = new Lowering(concrete, threads, forced, constants);
    for (const node of concrete.nodes) {
      lowering.begin(node.outputs);
      const rule = rules[`${node.domain}:${node.op}`];
      if (!rule?.(lowering, node)) lowering.emitHost(node);
    }
    if (lowering.unforeseen.size === 0) return lowering;
    for (const value of lowering.unforeseen) {
      if (forced.has(value)) throw new LutraError('INTERNAL', `value "${value}" is read but never stored`);
      forced.add(value);
    }
  }
}
