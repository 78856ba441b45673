import { LutraError } from '../../errors.js';
import { formatType } from '../../graph/tensor.js';
import { describeNode } from '../../ops/operator.js';
import { type GradientRule, TRAINING_DOMAIN } from '../types.js';
import { sameDims } from './shapes.js';

const STOP_GRADIENT: GradientRule = {
  domain: TRAINING_DOMAIN,
  op: 'StopGradient',
  stops: [0],
  forward: ({ inputs }) => ({ outputs: [inputs[0]!] }),
  backward: () => [],
};

/** Bengio et al. 2013, §2.3. */
const STRAIGHT_THROUGH: GradientRule = {
  domain: TRAINING_DOMAIN,
  op: 'StraightThrough',
  stops: [0],
  forward({ emitter, node, inputs }) {
    const [value, carrier] = inputs.map((input) => emitter.type(input));
    if (!value || !carrier || !sameDims(value.dims, carrier.dims)) {
      throw new LutraError('INVALID_ARGUMENT', 'value and carrier differ in shape', {
        node: describeNode(node),
        expected: value ? formatType(value) : 'two inputs',
        actual: carrier ? formatType(carrier) : 'one input',
      });
    }
    return { outputs: [inputs[0]!] };
  },
  backward: ({ gradients }) => [undefined, gradients[0]],
};

export const STOPS: readonly GradientRule[] = [STOP_GRADIENT, STRAIGHT_THROUGH];
