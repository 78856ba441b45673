import type { Node } from '../graph/types.js';
import { CODED_OPERATORS } from './coded/operators.js';
import type { FamilyOperator } from './family.js';
import { INTEGER_OPERATORS } from './integer/operators.js';
import { isNode } from './operator.js';

/** Operators of the families that come with Lutra. */
export const FAMILY_OPERATORS: readonly FamilyOperator[] = [...CODED_OPERATORS, ...INTEGER_OPERATORS];

/** The operator of a node where it is one of a family, else undefined: the node is no lookup layer. */
export function familyOperator(node: Node, operators = FAMILY_OPERATORS): FamilyOperator | undefined {
  return operators.find(({ spec }) => isNode(spec, node));
}
