import { LutraError } from '../../errors.js';
import { Lowering } from '../context.js';
import type { ConcreteGraph, LoweringRule, VirtualBuffer } from '../types.js';

/**
 * Turns nodes into steps over virtual buffers. A producer stores only what its readers ask for; when a reader turns out to need
 * the dense tensor after all (its rule declined), the walk is repeated with that value stored densely.
 *
 * @param rules Fast paths by `domain:op`; whatever has none, or whose rule declines, runs its operator's `evaluate`.
 */
export function lower(
  concrete: ConcreteGraph,
  rules: Readonly<Record<string, LoweringRule>>,
  threads: number,
): Lowering {
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
