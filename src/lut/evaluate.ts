import type { Operator } from '../ops/operator.js';
import { CODED } from './coded/evaluate.js';
import { INTEGER } from './integer/evaluate.js';

/** Operators of all families, as the core worker and every other entry point run them. */
export const LOOKUP_OPERATORS: readonly Operator[] = [...CODED, ...INTEGER];
