import type { LoweringRule } from '../types.js';
import { lowerConv } from './dense-conv.js';
import { lowerGemm, lowerMatMul } from './dense-matmul.js';
import { lowerGlobalAveragePool } from './dense-reduce.js';
import { lowerAlias } from './dense-shape.js';
import { lowerAveragePool, lowerMaxPool } from './dense-window.js';

/** Fast paths of the standard operators by `domain:op`. */
export const DENSE_RULES: Readonly<Record<string, LoweringRule>> = {
  ':Conv': lowerConv,
  ':Gemm': lowerGemm,
  ':MatMul': lowerMatMul,
  ':MaxPool': lowerMaxPool,
  ':AveragePool': lowerAveragePool,
  ':GlobalAveragePool': lowerGlobalAveragePool,
  ':Reshape': lowerAlias,
  ':Flatten': lowerAlias,
  ':Squeeze': lowerAlias,
  ':Unsqueeze': lowerAlias,
  ':Identity': lowerAlias,
  ':Dropout': lowerAlias,
};
