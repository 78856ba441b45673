import type { GradientRule } from '../../../train/types.js';
import { ASSIGN } from './assign.js';
import { ASSIGN_TREE } from './assign-tree.js';
import { FAKE_QUANTIZE } from './fake-quantize.js';
import { ADD_TABLES, RECONSTRUCT, SURROGATE, UNFOLD } from './reconstruct.js';

/** Gradient rules of the pseudo-operators that stand for coded layers while they learn. */
export const CODED_RULES: readonly GradientRule[] = [
  ASSIGN,
  ASSIGN_TREE,
  RECONSTRUCT,
  ADD_TABLES,
  UNFOLD,
  SURROGATE,
  FAKE_QUANTIZE,
];
