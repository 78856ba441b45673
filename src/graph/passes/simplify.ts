import { shareCommonSubexpressions } from './common-subexpressions.js';
import { removeDeadCode } from './dead-code.js';
import { foldAffine } from './fold-affine.js';
import { foldConstants } from './fold-constants.js';
import { foldPad } from './fold-pad.js';
import { mergeMatMulAdd } from './matmul-to-gemm.js';
import { moveTransposes } from './move-transposes.js';
import type { Pass } from './optimize.js';
import { removeIdentity } from './remove-identity.js';

/** The passes of one round, in order. */
export const SIMPLIFYING: readonly Pass[] = [
  removeIdentity,
  foldConstants,
  moveTransposes,
  foldPad,
  foldAffine,
  mergeMatMulAdd,
  shareCommonSubexpressions,
  removeDeadCode,
];
/** Each round can open the way for another; networks settle after two or three. */
const MOST_ROUNDS = 8;

/**
 * The same function with fewer nodes: identities removed, constants folded, normalization and padding folded into convolutions,
 * layout changes cancelled, equal work shared, dead work dropped. Outputs agree to float rounding. The result can be serialized.
 */
export const simplify: Pass = (graph, operators) => {
  let current = graph;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = current;
    for (const pass of SIMPLIFYING) current = pass(current, operators);
    if (current === before) break;
  }
  return current;
};
