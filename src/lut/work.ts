import type { Node } from '../graph/types.js';
import { type DimsOf, denseMacs } from '../ops/macs.js';
import { factsOf, OPERATOR_FACTS } from './facts.js';

/** What one node computes in one run, and what it stores for that. */
export interface Work {
  /** Multiply-adds. */
  readonly macs: number;
  /** 8-bit multiply-adds of a search for codes. */
  readonly searchMacs: number;
  /** Table entries added. */
  readonly lookups: number;
  /** Bytes of its tables. */
  readonly tableBytes: number;
}

/**
 * Counts the work of a dense or a lookup layer; other operators count as nothing.
 *
 * @param operators of the families that the graph may use
 */
export function workOf(node: Node, dims: DimsOf, operators = OPERATOR_FACTS): Work {
  const operator = factsOf(node, operators);
  const none = { macs: 0, searchMacs: 0, lookups: 0, tableBytes: 0 };
  return { ...none, ...(operator ? operator.work(node, dims) : { macs: denseMacs(node, dims) }) };
}
