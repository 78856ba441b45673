import type { GradientRule } from '../types.js';
import { ACTIVATIONS } from './activation.js';
import { BATCH_NORMALIZATION } from './batch-norm.js';
import { CONV } from './conv.js';
import { ELEMENTWISE } from './elementwise.js';
import { LOSSES } from './losses.js';
import { PRODUCTS } from './matmul.js';
import { NORMALIZATIONS } from './normalize.js';
import { POOLS } from './pool.js';
import { SHAPES } from './rearrange.js';
import { REDUCTIONS } from './reduce.js';
import { STOPS } from './stop.js';

/** The rules of standard operators, losses and stops. */
export const GRADIENT_RULES: readonly GradientRule[] = [
  CONV,
  BATCH_NORMALIZATION,
  ELEMENTWISE,
  ACTIVATIONS,
  PRODUCTS,
  REDUCTIONS,
  POOLS,
  NORMALIZATIONS,
  SHAPES,
  LOSSES,
  STOPS,
].flat();
