import { computeInLevels } from '../graph/passes/compute-in-levels.js';
import { mergeGelu } from '../graph/passes/merge-gelu.js';
import { mergeHardSwish } from '../graph/passes/merge-hard-swish.js';
import { registerPasses } from '../graph/passes/optimize.js';
import { sinkReshapes } from '../graph/passes/sink-reshapes.js';
import { ALTERNATIVES } from '../ops/alternatives.js';
import { OPERATORS } from '../ops/complete.js';
import { registerAlternatives, registerOperators } from '../ops/registry.js';
import { registerRules } from './lower/index.js';
import { RARE_RULES } from './lower/rare.js';

/** Registers every operator, and what makes the rarer ones fast. Doing so again changes nothing. */
export function registerComplete(): void {
  registerOperators(OPERATORS);
  registerAlternatives(ALTERNATIVES);
  registerRules(RARE_RULES);
  registerPasses([mergeHardSwish, mergeGelu, sinkReshapes], [computeInLevels]);
}
