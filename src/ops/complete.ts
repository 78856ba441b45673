import { ACTIVATION_RARE } from './activation-rare.js';
import { refusal } from './alternatives.js';
import { CONTROL_FLOW } from './control-flow.js';
import { CONV_TRANSPOSE } from './conv-transpose.js';
import { CORE_OPERATORS } from './core.js';
import { EINSUM } from './einsum.js';
import { ELEMENTWISE_RARE } from './elementwise-rare.js';
import { FUSED_CONV } from './fused-conv.js';
import { GELU } from './gelu.js';
import { GENERATE } from './generate.js';
import { NORMALIZE_GROUPS } from './normalize-groups.js';
import type { Operator } from './operator.js';
import { OperatorSet } from './operator-set.js';
import { ORDER } from './order.js';
import { QUANTIZE } from './quantize.js';
import { REARRANGE } from './rearrange.js';
import { RECURRENT } from './recurrent.js';
import { REDUCE_RARE } from './reduce-rare.js';
import { RESIZE } from './resize.js';
import { SCATTER } from './scatter.js';

/** Every operator; several entries of one name cover different versions. */
export const OPERATORS: readonly Operator[] = [
  CORE_OPERATORS,
  CONV_TRANSPOSE,
  FUSED_CONV,
  ELEMENTWISE_RARE,
  ACTIVATION_RARE,
  GELU,
  REDUCE_RARE,
  ORDER,
  REARRANGE,
  GENERATE,
  SCATTER,
  NORMALIZE_GROUPS,
  RESIZE,
  QUANTIZE,
  CONTROL_FLOW,
  EINSUM,
  RECURRENT,
].flat();

export const COMPLETE_OPERATORS = new OperatorSet(OPERATORS, refusal);
