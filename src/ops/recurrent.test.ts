import { describe, expect, it } from 'vitest';
import { expectSame, filled, infer, tensor } from '../../test/support/operators.js';
import type { Attribute, TensorValue } from '../graph/types.js';

const [STEPS, BATCH, FEATURES, HIDDEN] = [4, 3, 5, 2];
const GATES = { RNN: 1, GRU: 3, LSTM: 4 } as const;
type Op = keyof typeof GATES;

/** Weights small enough that nothing saturates. */
function small(dims: readonly number[], seed: number): TensorValue {
  const { data } = filled(dims, seed);
  return tensor(
    'float32',
    dims,
    (data as Float32Array).map((x) => x / 4),
  );
}

function inputs(op: Op, directions: number, more: readonly ('B' | 'lengths' | 'h' | 'c' | 'P')[]) {
  const rows = GATES[op] * HIDDEN;
  const given = (name: (typeof more)[number], value: TensorValue) => (more.includes(name) ? value : undefined);
  return [
    small([STEPS, BATCH, FEATURES], 1),
    small([directions, rows, FEATURES], 2),
    small([directions, rows, HIDDEN], 3),
    given('B', small([directions, 2 * rows], 4)),
    given('lengths', tensor('int32', [BATCH], Int32Array.of(4, 1, 3))),
    given('h', small([directions, BATCH, HIDDEN], 5)),
    ...(op === 'LSTM'
      ? [given('c', small([directions, BATCH, HIDDEN], 6)), given('P', small([directions, 3 * HIDDEN], 7))]
      : []),
  ];
}

const ops = Object.keys(GATES) as Op[];

describe.each(ops)('%s equals onnxruntime', (op) => {
  const check = (directions: number, more: Parameters<typeof inputs>[2], attributes: Record<string, Attribute> = {}) =>
    expectSame({
      op,
      opset: 14,
      inputs: inputs(op, directions, more),
      attributes: { hidden_size: HIDDEN, ...attributes },
      outputs: op === 'LSTM' ? 3 : 2,
    });

  it('plainly, backwards and in both directions', async () => {
    await check(1, []);
    await check(1, ['B'], { direction: 'reverse' });
    await check(2, ['B', 'h', 'c'], { direction: 'bidirectional' });
  });

  it('with sequences that end early', async () => {
    await check(1, ['B', 'lengths']);
    await check(2, ['lengths', 'h'], { direction: 'bidirectional' });
  });

  it('clipped and with other activations', async () => {
    await check(1, ['B'], { clip: 0.25 });
    const names = { RNN: ['Relu'], GRU: ['HardSigmoid', 'Softsign'], LSTM: ['Sigmoid', 'Softsign', 'Relu'] }[op];
    const numbers = op === 'GRU' ? { activation_alpha: [0.25], activation_beta: [0.5] } : {};
    await check(1, ['B', 'h'], { activations: names, ...numbers });
  });
});

describe('particulars', () => {
  it('GRU may multiply before it resets', () =>
    expectSame({
      op: 'GRU',
      opset: 14,
      inputs: inputs('GRU', 1, ['B', 'h']),
      attributes: { hidden_size: HIDDEN, linear_before_reset: 1 },
      outputs: 2,
    }));

  it('LSTM may have peepholes', () =>
    expectSame({
      op: 'LSTM',
      opset: 14,
      inputs: inputs('LSTM', 1, ['B', 'c', 'P']),
      attributes: { hidden_size: HIDDEN },
      outputs: 3,
    }));

  it('what does not fit is refused', () => {
    const [x, w, r] = inputs('LSTM', 1, []);
    expect(() => infer({ op: 'LSTM', opset: 14, inputs: [x, r, w] })).toThrow(/wrong shape|input/);
    expect(() =>
      infer({ op: 'LSTM', opset: 14, inputs: [x, w, r], attributes: { activations: ['Sin', 'Tanh', 'Tanh'] } }),
    ).toThrow(/sin/);
    expect(() => infer({ op: 'LSTM', opset: 14, inputs: [x, w, r], attributes: { activations: ['Tanh'] } })).toThrow(
      /length/,
    );
  });
});
