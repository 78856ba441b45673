import type { Node } from '../graph/types.js';
import { CODED_FACTS } from './coded/facts.js';
import type { OperatorFacts } from './family.js';
import { INTEGER_FACTS } from './integer/facts.js';
import { isNode } from './operator.js';

/** Operators of the families that come with Lutra. */
export const OPERATOR_FACTS: readonly OperatorFacts[] = [...CODED_FACTS, ...INTEGER_FACTS];

/** The operator of a node where it is one of a family, else undefined: the node is no lookup layer. */
export function factsOf(node: Node, operators = OPERATOR_FACTS): OperatorFacts | undefined {
  return operators.find(({ spec }) => isNode(spec, node));
}
