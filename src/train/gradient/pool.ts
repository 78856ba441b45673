import type { GradientRule } from '../types.js';
import { expandTo, scale } from './shapes.js';

const GLOBAL_AVERAGE_POOL: GradientRule = {
  domain: '',
  op: 'GlobalAveragePool',
  backward({ emitter, inputs, gradients }) {
    const { dims } = emitter.type(inputs[0]!);
    const count = dims.slice(2).reduce((a, b) => a * b, 1);
    return [expandTo(emitter, scale(emitter, gradients[0]!, 1 / count), dims)];
  },
};

export const POOLS: readonly GradientRule[] = [GLOBAL_AVERAGE_POOL];
