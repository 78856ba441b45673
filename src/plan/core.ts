import { LOOKUP_LOWERING } from '../lut/lower.js';
import { CORE_OPERATOR_SET } from '../ops/core.js';
import { DENSE_RULES } from './lower/dense.js';
import type { Runtime } from './runtime.js';

/** What the worker brings that a page loads first. */
export const CORE_RUNTIME: Runtime = {
  operators: CORE_OPERATOR_SET,
  rules: { ...DENSE_RULES, ...LOOKUP_LOWERING },
  passes: { first: [], last: [], plan: [] },
};
