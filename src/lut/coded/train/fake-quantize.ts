import { numberAttribute } from '../../../graph/attributes.js';
import type { GradientRule } from '../../../train/types.js';
import { TRAINING_DOMAIN } from '../../../train/types.js';

/** Below every scale that a table could have, and far above the smallest float32. */
const SMALLEST = 1e-30;

/**
 * `FakeQuantize`: tables [taps, M, B·K] → the values that they have with attribute `bits` bits and one symmetric scale per output
 * channel m. The gradient passes unchanged (Bengio et al. 2013, §2.3).
 */
export const FAKE_QUANTIZE: GradientRule = {
  domain: TRAINING_DOMAIN,
  op: 'FakeQuantize',
  forward({ emitter, node, inputs }) {
    const [tables] = inputs as [string];
    const limit = largestEntry(numberAttribute(node, 'bits', 8));
    const largest = emitter.node('ReduceMax', [emitter.node('Abs', [tables]), emitter.ints([0, 2])], { keepdims: 1 });
    const bounded = emitter.node('Max', [largest, emitter.scalar(SMALLEST, tables)]);
    const scale = emitter.node('Div', [bounded, emitter.scalar(limit, tables)]);
    const rounded = emitter.node('Round', [emitter.node('Div', [tables, scale])]);
    return { outputs: [emitter.node('Mul', [rounded, scale])] };
  },
  backward: ({ gradients }) => [gradients[0]],
};

/** Magnitude of the largest table entry of so many bits. */
export function largestEntry(bits: number): number {
  return 2 ** (bits - 1) - 1;
}
