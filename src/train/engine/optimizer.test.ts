import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Slice } from './layout.js';
import { createOptimizer } from './optimizer.js';

const unit = fc.float({ min: -1, max: 1, noNaN: true });
const share = fc.double({ min: 0, max: 0.95, noNaN: true });
const slices: Slice[] = [
  { name: 'a', dims: [3], start: 0, end: 3, options: {} },
  { name: 'b', dims: [2], start: 3, end: 5, options: { rate: 0.5, decay: 0 } },
];
const runs = fc.record({
  weights: fc.array(unit, { minLength: 5, maxLength: 5 }),
  gradients: fc.array(fc.array(unit, { minLength: 5, maxLength: 5 }), { minLength: 1, maxLength: 4 }),
  rate: fc.double({ min: 0, max: 0.5, noNaN: true }),
  decay: fc.double({ min: 0, max: 0.2, noNaN: true }),
  decoupled: fc.boolean(),
});

/** One number through all updates: `rule` sees the gradient with its coupled decay and returns the step to subtract. */
function reference(
  run: { weights: number[]; gradients: number[][]; rate: number; decay: number; decoupled: boolean },
  index: number,
  rule: (gradient: number, step: number) => number,
): number {
  const [rate, decay] = index < 3 ? [run.rate, run.decay] : [run.rate / 2, 0];
  let weight = run.weights[index]!;
  run.gradients.forEach((gradient, step) => {
    const change = rule(gradient[index]! + (run.decoupled ? 0 : decay * weight), step);
    weight = weight - rate * change - (run.decoupled ? rate * decay * weight : 0);
  });
  return weight;
}

function updated(
  kind: Parameters<typeof createOptimizer>[0],
  run: { weights: number[]; gradients: number[][]; rate: number },
) {
  const weights = Float32Array.from(run.weights);
  const optimizer = createOptimizer(kind, slices, 5);
  run.gradients.forEach((gradient, step) => {
    optimizer.update(weights, Float32Array.from(gradient), step, run.rate);
  });
  return weights;
}

describe('optimizers', () => {
  it('descend with momentum, Nesterov or not, with either weight decay', () => {
    fc.assert(
      fc.property(runs, share, fc.boolean(), (run, momentum, nesterov) => {
        const { decay, decoupled } = run;
        const found = updated({ kind: 'sgd', momentum, nesterov, decay, decoupled }, run);
        found.forEach((weight, index) => {
          let velocity = 0;
          const expected = reference(run, index, (g) => {
            velocity = momentum * velocity + g;
            return nesterov ? g + momentum * velocity : velocity;
          });
          expect(weight).toBeCloseTo(expected, 4);
        });
      }),
      { numRuns: 30 },
    );
  });

  it('adapt as Adam does', () => {
    fc.assert(
      fc.property(runs, share, share, (run, beta1, beta2) => {
        const { decay, decoupled } = run;
        const epsilon = 1e-3;
        const found = updated({ kind: 'adam', beta1, beta2, epsilon, decay, decoupled }, run);
        found.forEach((weight, index) => {
          let [m, v] = [0, 0];
          const expected = reference(run, index, (g, step) => {
            m = beta1 * m + (1 - beta1) * g;
            v = beta2 * v + (1 - beta2) * g * g;
            const corrected = m / (1 - beta1 ** (step + 1));
            return corrected / (Math.sqrt(v / (1 - beta2 ** (step + 1))) + epsilon);
          });
          expect(weight).toBeCloseTo(expected, 3);
        });
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    [{ kind: 'sgd', momentum: 1 }, 'momentum'],
    [{ kind: 'sgd', decay: -1 }, 'decay'],
    [{ kind: 'adam', beta1: Number.NaN }, 'beta1'],
    [{ kind: 'adam', beta2: 1 }, 'beta2'],
    [{ kind: 'adam', epsilon: 0 }, 'epsilon'],
  ] as const)('refuse %j', (options, name) => {
    expect(() => createOptimizer(options, slices, 5)).toThrow(name);
  });
});
