import { computeInIntegers } from '../graph/passes/compute-in-integers.js';
import { mergeGelu } from '../graph/passes/merge-gelu.js';
import { mergeHardSwish } from '../graph/passes/merge-hard-swish.js';
import { sinkReshapes } from '../graph/passes/sink-reshapes.js';
import { COMPLETE_OPERATORS } from '../ops/complete.js';
import { CORE_RUNTIME } from './core.js';
import { LATE_PLANNING } from './late-planning.js';
import { RARE_RULES } from './lower/rare.js';
import type { Runtime } from './runtime.js';

/** Every operator, and what makes the rarer ones fast. */
export const COMPLETE_RUNTIME: Runtime = {
  operators: COMPLETE_OPERATORS,
  rules: { ...CORE_RUNTIME.rules, ...RARE_RULES },
  late: LATE_PLANNING,
  passes: { first: [computeInIntegers], last: [mergeHardSwish, mergeGelu], plan: [sinkReshapes] },
};
