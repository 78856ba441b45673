import { describe, expect, it } from 'vitest';
import { evaluateGraph } from '../../../test/support/evaluate-graph.js';
import { expectClose, NetworkBuilder, numbers } from '../../../test/support/gradient.js';
import { GraphBuilder } from '../../graph/builder.js';
import { allocate } from '../../graph/tensor.js';
import type { TensorValue } from '../../graph/types.js';
import type { GradientRule, TrainingNetwork } from '../types.js';
import { differentiate } from './differentiate.js';
import { ruleSet } from './registry.js';
import { GRADIENT_RULES } from './rules.js';

const TRAIN = { domain: 'lutra.train' };

/** Gradients of a network without inputs, by parameter. */
function gradients(network: TrainingNetwork): Map<string, number[]> {
  const training = differentiate(network, { microBatch: 1 });
  const feeds = new Map([...network.parameters.keys()].map((name) => [name, network.graph.initializers.get(name)!]));
  const values = evaluateGraph(training.graph, feeds);
  return new Map([...training.gradients].map(([name, output]) => [name, Array.from(values.get(output)!.data, Number)]));
}

function refusal(build: (b: NetworkBuilder) => string): unknown {
  const b = new NetworkBuilder('float32', 17);
  const loss = build(b);
  try {
    differentiate(b.network(loss), { microBatch: 1 });
  } catch (error) {
    return error;
  }
  throw new Error('it was not refused');
}

describe('differentiate', () => {
  it('passes a gradient straight through to the carrier, and takes the value forward', () => {
    const b = new NetworkBuilder('float64', 17);
    const x = b.parameter([4], -3, 3);
    const rounded = b.node('Round', [x]);
    const through = b.node('StraightThrough', [rounded, x], {}, TRAIN);
    const network = b.network(b.node('ReduceSum', [b.node('Mul', [through, through])], { keepdims: 0 }));
    const value = Array.from(network.graph.initializers.get(x)!.data, Number);
    // d Σ round(x)² = 2 round(x), taken at the rounded value.
    expectClose(
      gradients(network).get(x)!,
      value.map((v) => 2 * Math.round(v)),
      1e-12,
      'gradient',
    );
  });

  it('stops a gradient even where an equal value passes it', () => {
    const b = new NetworkBuilder('float64', 17);
    const x = b.parameter([3]);
    const open = b.node('Identity', [x]);
    const shut = b.node('StopGradient', [x], {}, TRAIN);
    const network = b.network(b.node('ReduceSum', [b.node('Mul', [open, shut])], { keepdims: 0 }));
    const value = Array.from(network.graph.initializers.get(x)!.data, Number);
    expect(gradients(network).get(x)).toEqual(value);
  });

  it('adds up the gradients of all readers', () => {
    const b = new NetworkBuilder('float64', 17);
    const x = b.parameter([2]);
    const sum = b.node('Sum', [x, b.node('Mul', [x, b.tensor([], [3])]), b.node('Neg', [x])]);
    expect(gradients(b.network(b.node('ReduceSum', [sum], { keepdims: 0 }))).get(x)).toEqual([3, 3]);
  });

  it('gives the batch mean and the unbiased variance of a live normalization, with its momentum', () => {
    const b = new NetworkBuilder('float64', 17);
    const x = b.random([3, 2, 4]);
    const [mean, variance] = [b.tensor([2], [0, 0]), b.tensor([2], [1, 1])];
    const inputs = [x, b.parameter([2]), b.parameter([2]), mean, variance];
    const network = b.network(b.loss(b.node('BatchNormalization', inputs, { training_mode: 1, momentum: 0.7 })));
    const training = differentiate(network, { microBatch: 1 });
    const feeds = new Map([...network.parameters.keys()].map((name) => [name, network.graph.initializers.get(name)!]));
    const values = evaluateGraph(training.graph, feeds);
    const data = network.graph.initializers.get(x)!.data as Float64Array;
    for (const channel of [0, 1]) {
      const of = Array.from(data).filter((_, i) => Math.floor(i / 4) % 2 === channel);
      const average = of.reduce((a, c) => a + c) / of.length;
      const spread = of.reduce((a, c) => a + (c - average) ** 2, 0) / (of.length - 1);
      const found = [mean, variance].map((name) => training.statistics.get(name)!);
      expect(found.map(({ momentum }) => momentum)).toEqual([0.7, 0.7]);
      expect(values.get(found[0]!.output)!.data[channel]).toBeCloseTo(average, 12);
      expect(values.get(found[1]!.output)!.data[channel]).toBeCloseTo(spread, 12);
    }
  });

  it('measures accuracy without a gradient', () => {
    const b = new NetworkBuilder('float64', 17);
    const logits = b.tensor([4, 2], [1, 0, 0, 1, 3, 2, 0, 5]);
    b.parameters.set(logits, {});
    const target = b.graph.constant({ type: 'int64', dims: [4], data: BigInt64Array.of(0n, 1n, 1n, 1n) });
    const accuracy = b.node('Accuracy', [logits, target], {}, TRAIN);
    const loss = b.node('SoftmaxCrossEntropy', [logits, target], {}, TRAIN);
    const network = { ...b.network(loss), metrics: { accuracy } };
    const training = differentiate(network, { microBatch: 1 });
    const values = evaluateGraph(training.graph, new Map([[logits, network.graph.initializers.get(logits)!]]));
    expect(values.get(training.metrics.accuracy!)!.data[0]).toBe(0.75);
  });

  it('binds the batch, and leaves the network as it was', () => {
    const b = new GraphBuilder();
    const x = b.input('x', ['batch', 3]);
    const w = b.floats([3, 2], numbers(6, 1));
    const loss = b.node('ReduceMean', [b.node('Softmax', [b.node('MatMul', [x, w])])], { keepdims: 0 });
    const network = { graph: b.build(), loss, parameters: new Map([[w, {}]]) };
    const before = structuredClone(network.graph);
    const { graph } = differentiate(network, { microBatch: 5 });
    expect(graph.inputs).toEqual([
      { name: 'x', type: 'float32', dims: [5, 3] },
      { name: w, type: 'float32', dims: [3, 2] },
    ]);
    expect(graph.nodes.every(({ domain }) => domain === '')).toBe(true);
    expect(network.graph).toEqual(before);
  });

  it('uses rules that are handed in', () => {
    const double: GradientRule = {
      domain: 'test',
      op: 'Double',
      forward: ({ emitter, inputs: [x] }) => ({ outputs: [emitter.node('Add', [x!, x!])] }),
      backward: ({ emitter, gradients: [g] }) => [emitter.node('Add', [g!, g!])],
    };
    const b = new NetworkBuilder('float64', 17);
    const x = b.parameter([2]);
    const network = b.network(b.node('ReduceSum', [b.node('Double', [x], {}, { domain: 'test' })], { keepdims: 0 }));
    const rules = ruleSet(GRADIENT_RULES, [double]);
    const training = differentiate(network, { microBatch: 1, rules });
    const values = evaluateGraph(training.graph, new Map([[x, network.graph.initializers.get(x)!]]));
    expect(Array.from(values.get(training.gradients.get(x)!)!.data, Number)).toEqual([2, 2]);
    expect(() => differentiate(network, { microBatch: 1 })).toThrow(/Double/);
  });
});

describe('differentiate refuses', () => {
  it('nodes between a parameter and the loss that have no gradient, naming all of them', () => {
    const error = refusal((b) => {
      const x = b.node('Round', [b.parameter([3])], {}, { name: 'rounding' });
      return b.loss(b.node('Ceil', [x], {}, { name: 'ceiling' }));
    });
    expect(error).toMatchObject({ code: 'UNSUPPORTED' });
    expect(String(error)).toMatch(/rounding \(Round\).*ceiling \(Ceil\)/);
  });

  it('what a rule cannot do, naming all of it', () => {
    const error = refusal((b) => {
      const pads = b.graph.ints(1, 1);
      const x = b.node('Pad', [b.parameter([3]), pads], { mode: 'reflect' }, { name: 'mirror' });
      return b.loss(b.node('Pow', [b.tensor([], [2]), x], {}, { name: 'power' }));
    });
    expect(error).toMatchObject({ code: 'UNSUPPORTED' });
    expect(String(error)).toMatch(/power/);
  });

  it('a loss that is no scalar', () => {
    expect(refusal((b) => b.node('Relu', [b.parameter([3])]))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      actual: 'float32[3]',
    });
    const unknown = refusal((b) => {
      b.loss(b.parameter([3]));
      return 'nothing';
    });
    expect(unknown).toMatchObject({ code: 'INVALID_ARGUMENT', actual: 'no such value' });
  });

  it('a parameter without influence, and one that does not exist', () => {
    const unused = refusal((b) => {
      b.parameters.set(b.random([2]), {});
      return b.loss(b.parameter([3]));
    });
    expect(unused).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('does not depend') });
    const missing = refusal((b) => {
      b.parameters.set('ghost', {});
      return b.loss(b.parameter([3]));
    });
    expect(missing).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('ghost') });
  });

  it('losses whose inputs do not fit', () => {
    const wrong = (op: string, attributes: Record<string, number>, dims: number[]) =>
      refusal((b) => b.node(op, [b.parameter([2, 3]), b.random(dims)], attributes, TRAIN));
    for (const op of ['SoftmaxCrossEntropy', 'DistillationLoss', 'MeanSquaredError']) {
      expect(wrong(op, {}, [2, 4]), op).toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    expect(wrong('SoftmaxCrossEntropy', { smoothing: 1.5 }, [2, 3])).toMatchObject({ expected: '0..1' });
    expect(wrong('DistillationLoss', { temperature: 0 }, [2, 3])).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('an input of unknown shape, an opset from before, and a value that nothing computes', () => {
    const network = (opset: number, dims: (string | number)[], read = 'x'): TrainingNetwork => {
      const b = new GraphBuilder({ opset });
      b.input('x', dims);
      const w = b.floats([3, 2], numbers(6, 1));
      const loss = b.node('ReduceSum', [b.node('MatMul', [read, w])], { keepdims: 0 });
      return { graph: b.build(), loss, parameters: new Map([[w, {}]]) };
    };
    const attempt = (of: TrainingNetwork) => () => differentiate(of, { microBatch: 2 });
    expect(attempt(network(17, ['batch', 'width']))).toThrow(/no fixed shape/);
    expect(attempt(network(12, ['batch', 3]))).toThrow(/opset/);
    expect(attempt(network(17, ['batch', 3], 'y'))).toThrow(/nothing computes/);
    expect(attempt(network(17, ['batch', 4]))).toThrow(/MatMul/);
  });
});

describe('evaluateGraph', () => {
  it('runs what it is given', () => {
    const b = new GraphBuilder();
    const x = b.input('x', [2]);
    b.output(b.node('Add', [x, x], {}, { outputs: ['y'] }));
    const feed: TensorValue = { ...allocate('float32', [2]), data: Float32Array.of(1, 2) };
    expect(Array.from(evaluateGraph(b.build(), new Map([['x', feed]])).get('y')!.data, Number)).toEqual([2, 4]);
  });
});
