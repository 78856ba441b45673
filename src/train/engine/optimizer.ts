import { LutraError } from '../../errors.js';
import type { AdamOptions, OptimizerOptions, SgdOptions } from '../types.js';
import type { Slice } from './layout.js';

/** Updates the vector of all parameters in place. */
export interface Optimizer {
  /** The moments, each as long as the vector of parameters. */
  readonly moments: Readonly<Record<string, Float32Array>>;
  /**
   * @param weights, gradient vectors of one length.
   * @param step updates done before this one.
   * @param learningRate η, before the factor of a parameter.
   */
  update(weights: Float32Array, gradient: Float32Array, step: number, learningRate: number): void;
}

/** @throws LutraError `INVALID_ARGUMENT` for an option out of range. */
export function createOptimizer(options: OptimizerOptions, slices: readonly Slice[], length: number): Optimizer {
  check('decay', options.decay, 0, Infinity);
  if (options.kind === 'sgd') {
    check('momentum', options.momentum, 0, 1);
    return sgd(options, slices, length);
  }
  check('beta1', options.beta1, 0, 1);
  check('beta2', options.beta2, 0, 1);
  check('epsilon', options.epsilon, Number.MIN_VALUE, Infinity);
  return adam(options, slices, length);
}

/** The range excludes its upper end. */
function check(name: string, value: number | undefined, low: number, high: number): void {
  if (value === undefined || (value >= low && value < high)) return;
  throw new LutraError('INVALID_ARGUMENT', `the optimizer's ${name} is out of range`, {
    expected: high === Infinity ? `at least ${low}` : `${low} to below ${high}`,
    actual: `${value}`,
  });
}

/** Where each parameter lies, how fast it learns, and the factors of its weight decay: added to the gradient, and taken from the weight. */
function ranges(slices: readonly Slice[], learningRate: number, decay: number, decoupled: boolean) {
  return slices.map(({ start, end, options }) => {
    const rate = learningRate * (options.rate ?? 1);
    const lambda = options.decay ?? decay;
    const decays = decoupled ? { coupled: 0, shrink: rate * lambda } : { coupled: lambda, shrink: 0 };
    return { start, end, rate, ...decays };
  });
}

function sgd(options: SgdOptions, slices: readonly Slice[], length: number): Optimizer {
  const { momentum = 0.9, nesterov = true, decay = 0, decoupled = false } = options;
  const velocity = new Float32Array(length);
  return {
    moments: { velocity },
    update(weights, gradient, _, learningRate) {
      for (const { start, end, rate, coupled, shrink } of ranges(slices, learningRate, decay, decoupled)) {
        for (let i = start; i < end; i++) {
          const weight = weights[i]!;
          const g = gradient[i]! + coupled * weight;
          const v = momentum * velocity[i]! + g;
          velocity[i] = v;
          weights[i] = weight - rate * (nesterov ? g + momentum * v : v) - shrink * weight;
        }
      }
    },
  };
}

function adam(options: AdamOptions, slices: readonly Slice[], length: number): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, decay = 0, decoupled = true } = options;
  const mean = new Float32Array(length);
  const square = new Float32Array(length);
  return {
    moments: { mean, square },
    update(weights, gradient, step, learningRate) {
      // Both bias corrections as one factor and one scaled epsilon.
      const second = Math.sqrt(1 - beta2 ** (step + 1));
      const correction = second / (1 - beta1 ** (step + 1));
      for (const { start, end, rate, coupled, shrink } of ranges(slices, learningRate, decay, decoupled)) {
        for (let i = start; i < end; i++) {
          const weight = weights[i]!;
          const g = gradient[i]! + coupled * weight;
          const m = beta1 * mean[i]! + (1 - beta1) * g;
          const v = beta2 * square[i]! + (1 - beta2) * g * g;
          mean[i] = m;
          square[i] = v;
          weights[i] = weight - (rate * correction * m) / (Math.sqrt(v) + epsilon * second) - shrink * weight;
        }
      }
    },
  };
}
