import { FUNCTION } from '../../kernels/dense.js';
import type { LoweringRule } from '../types.js';
import { lowerConv } from './dense-conv.js';
import { lowerBinary, lowerClip, lowerPow, lowerRelu, lowerUnary } from './dense-elementwise.js';
import { lowerGemm, lowerMatMul } from './dense-matmul.js';
import { lowerConcat, lowerSplit, lowerTranspose } from './dense-move.js';
import { lowerGlobalAveragePool, lowerReduceMean, lowerSoftmax } from './dense-reduce.js';
import { lowerAlias } from './dense-shape.js';
import { lowerPad, lowerRearranged } from './dense-tables.js';
import { lowerAveragePool, lowerMaxPool } from './dense-window.js';

/** Fast paths of the common standard operators by `domain:op`; rare.ts has the others. */
export const DENSE_RULES: Readonly<Record<string, LoweringRule>> = {
  ':Conv': lowerConv,
  ':Gemm': lowerGemm,
  ':MatMul': lowerMatMul,
  ':MaxPool': lowerMaxPool,
  ':AveragePool': lowerAveragePool,
  ':GlobalAveragePool': lowerGlobalAveragePool,
  ':ReduceMean': lowerReduceMean,
  ':Softmax': lowerSoftmax,
  ':Add': lowerBinary('Add'),
  ':Sub': lowerBinary('Sub'),
  ':Mul': lowerBinary('Mul'),
  ':Div': lowerBinary('Div'),
  ':Min': lowerBinary('Min'),
  ':Max': lowerBinary('Max'),
  ':Sum': lowerBinary('Add'),
  ':PRelu': lowerBinary('PRelu'),
  ':Pow': lowerPow,
  ':Relu': lowerRelu,
  ':Clip': lowerClip,
  ':LeakyRelu': lowerUnary(FUNCTION.leakyRelu, ['alpha', 0.01]),
  ':HardSwish': lowerUnary(FUNCTION.hardSwish),
  ':HardSigmoid': lowerUnary(FUNCTION.hardSigmoid, ['alpha', 0.2], ['beta', 0.5]),
  ':Sigmoid': lowerUnary(FUNCTION.sigmoid),
  ':Tanh': lowerUnary(FUNCTION.tanh),
  ':Exp': lowerUnary(FUNCTION.exp),
  ':Sqrt': lowerUnary(FUNCTION.sqrt),
  ':Abs': lowerUnary(FUNCTION.abs),
  ':Neg': lowerUnary(FUNCTION.neg),
  ':Concat': lowerConcat,
  ':Split': lowerSplit,
  ':Transpose': (context, node) => lowerTranspose(context, node) || lowerRearranged(context, node),
  ':Slice': lowerRearranged,
  ':Expand': lowerRearranged,
  ':Gather': lowerRearranged,
  ':Pad': lowerPad,
  ':Reshape': lowerAlias,
  ':Flatten': lowerAlias,
  ':Squeeze': lowerAlias,
  ':Unsqueeze': lowerAlias,
  ':Identity': lowerAlias,
  ':Dropout': lowerAlias,
};
