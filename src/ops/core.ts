import { LOOKUP_OPERATORS } from '../lut/evaluate.js';
import { ACTIVATION } from './activation.js';
import { CAST } from './cast.js';
import { CONV } from './conv.js';
import { CREATE } from './create.js';
import { ELEMENTWISE } from './elementwise.js';
import { GATHER } from './gather.js';
import { MATMUL } from './matmul.js';
import { NORMALIZE } from './normalize.js';
import type { Operator } from './operator.js';
import { OperatorSet } from './operator-set.js';
import { PAD } from './pad.js';
import { POOL } from './pool.js';
import { REDUCE } from './reduce.js';
import { SHAPE } from './shape.js';

/** What convolutional networks, perceptrons and lookup networks use: the operators of the worker that a page loads first. */
export const CORE_OPERATORS: readonly Operator[] = [
  CONV,
  MATMUL,
  POOL,
  ELEMENTWISE,
  ACTIVATION,
  REDUCE,
  SHAPE,
  PAD,
  CREATE,
  CAST,
  GATHER,
  NORMALIZE,
  LOOKUP_OPERATORS,
].flat();

export const CORE_OPERATOR_SET = new OperatorSet(CORE_OPERATORS);
