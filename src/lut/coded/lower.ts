import type { LoweringRule } from '../../plan/types.js';
import { ruleName } from '../operator.js';
import { lowerEncode } from './lower-encode.js';
import { lowerLookUp } from './lower-lookup.js';
import { ENCODE, ENCODE_TREE, LOOK_UP } from './spec.js';

/** Fast paths of the coded family. */
export const CODED_RULES: Readonly<Record<string, LoweringRule>> = {
  [ruleName(ENCODE)]: lowerEncode,
  [ruleName(ENCODE_TREE)]: lowerEncode,
  [ruleName(LOOK_UP)]: lowerLookUp,
};
