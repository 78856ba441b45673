import type { LoweringRule } from '../plan/types.js';
import { CODED_RULES } from './coded/lower.js';
import { INTEGER_RULES } from './integer/lower.js';

/** Fast paths of all families, as every entry point plans with. */
export const LOOKUP_LOWERING: Readonly<Record<string, LoweringRule>> = { ...CODED_RULES, ...INTEGER_RULES };
