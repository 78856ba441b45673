import { CODED_BODIES } from './coded/body.js';
import { CODED } from './coded/evaluate.js';
import { CODED_FACTS } from './coded/facts.js';
import { CODED_FIT } from './coded/fit/index.js';
import { CODED_RULES } from './coded/lower.js';
import { CODED_TRAINING } from './coded/train/index.js';
import type { Family } from './family.js';
import { INTEGER_BODIES } from './integer/body.js';
import { INTEGER } from './integer/evaluate.js';
import { INTEGER_FACTS } from './integer/facts.js';
import { INTEGER_FIT } from './integer/fit.js';
import { INTEGER_RULES } from './integer/lower.js';
import { INTEGER_TRAINING } from './integer/train.js';

/**
 * The families that come with Lutra, with all their stages. Entry points that a page loads import single stages instead: `evaluate.ts`,
 * `lower.ts`, `facts.ts`, `bodies.ts`, `fit.ts` and `train.ts` beside this file list them.
 */
export const FAMILIES: readonly Family[] = [
  {
    facts: CODED_FACTS,
    operators: CODED,
    rules: CODED_RULES,
    bodies: CODED_BODIES,
    fit: CODED_FIT,
    training: CODED_TRAINING,
  },
  {
    facts: INTEGER_FACTS,
    operators: INTEGER,
    rules: INTEGER_RULES,
    bodies: INTEGER_BODIES,
    fit: INTEGER_FIT,
    training: INTEGER_TRAINING,
  },
];
