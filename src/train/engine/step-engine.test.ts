import { afterEach, describe, expect, it, vi } from 'vitest';
import { numbers } from '../../../test/support/gradient.js';
import { GraphBuilder } from '../../graph/builder.js';
import type { TensorValue } from '../../graph/types.js';
import type { StepEngine, StepEngineOptions, TrainingNetwork } from '../types.js';
import { createStepEngine } from './step-engine.js';

const floats = (dims: readonly number[], seed: number, low = -1, high = 1): TensorValue => {
  const count = dims.reduce((a, b) => a * b, 1);
  return { type: 'float32', dims, data: Float32Array.from(numbers(count, seed, low, high)) };
};

/** Convolution, live normalization, linear layer, cross-entropy: [batch, 2, 5, 5] → 3 classes. */
function network(): TrainingNetwork {
  const b = new GraphBuilder();
  const x = b.input('x', ['batch', 2, 5, 5]);
  const label = b.input('label', ['batch'], 'int64');
  const constant = (name: string, value: TensorValue) => b.constant(value, name);
  const w = constant('w', floats([4, 2, 3, 3], 1));
  const gamma = constant('gamma', floats([4], 2, 0.5, 1.5));
  const beta = constant('beta', floats([4], 3));
  const mean = constant('mean', floats([4], 0, 0, 0));
  const variance = constant('variance', floats([4], 0, 1, 1));
  const head = constant('head', floats([4, 3], 5));
  const conv = b.node('Conv', [x, w], { pads: [1, 1, 1, 1] });
  const normal = b.node('BatchNormalization', [conv, gamma, beta, mean, variance], { training_mode: 1 });
  const pooled = b.node('Flatten', [b.node('GlobalAveragePool', [b.node('Relu', [normal])])]);
  const logits = b.node('MatMul', [pooled, head]);
  const domain = { domain: 'lutra.train' };
  const loss = b.node('SoftmaxCrossEntropy', [logits, label], {}, domain);
  const accuracy = b.node('Accuracy', [logits, label], {}, domain);
  const parameters = new Map([w, gamma, beta, head].map((name) => [name, {}]));
  return { graph: b.build(), loss, metrics: { accuracy }, parameters };
}

function batch(count: number, seed: number) {
  const label = BigInt64Array.from(numbers(count, seed, 0, 3), (value) => BigInt(Math.floor(value)));
  return { x: floats([count, 2, 5, 5], seed), label: { type: 'int64' as const, dims: [count], data: label } };
}

const OPTIONS: StepEngineOptions = { optimizer: { kind: 'adam', decay: 0.01 }, microBatch: 4 };
const open: StepEngine[] = [];

async function engine(options: Partial<StepEngineOptions> = {}, of = network()): Promise<StepEngine> {
  const made = await createStepEngine(of, { ...OPTIONS, ...options });
  open.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((made) => made.dispose()));
});

async function train(of: StepEngine, from: number, steps: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = from; step < from + steps; step++) losses.push((await of.step(batch(12, step), 0.05)).loss);
  return losses;
}

const plain = (values: ReadonlyMap<string, TensorValue>) => [...values].map(([name, { data }]) => [name, ...data]);

describe('a training step', () => {
  it('is the update of the gradient that was averaged over the micro-batches', async () => {
    const b = new GraphBuilder();
    const x = b.input('x', ['batch', 2]);
    const y = b.input('y', ['batch', 1]);
    const w = b.constant(floats([2, 1], 1), 'w');
    const loss = b.node('MeanSquaredError', [b.node('MatMul', [x, w]), y], {}, { domain: 'lutra.train' });
    const optimizer = { kind: 'sgd', momentum: 0 } as const;
    const linear = await engine(
      { optimizer, microBatch: 2 },
      { graph: b.build(), loss, parameters: new Map([[w, {}]]) },
    );
    const feeds = { x: floats([6, 2], 2), y: floats([6, 1], 3) };
    const before = Array.from(linear.parameters().get(w)!.data, Number);
    const result = await linear.step(feeds, 0.1);
    const [inputs, wanted] = [feeds.x.data as Float32Array, feeds.y.data as Float32Array];
    const errors = Array.from(wanted, (t, n) => inputs[2 * n]! * before[0]! + inputs[2 * n + 1]! * before[1]! - t);
    const gradient = [0, 1].map((i) => errors.reduce((sum, e, n) => sum + (2 * e * inputs[2 * n + i]!) / 6, 0));
    expect(result.loss).toBeCloseTo(errors.reduce((sum, e) => sum + e * e, 0) / 6, 6);
    expect(result.gradientNorm).toBeCloseTo(Math.hypot(...gradient), 6);
    const after = Array.from(linear.parameters().get(w)!.data, Number);
    after.forEach((weight, i) => {
      expect(weight).toBeCloseTo(before[i]! - 0.1 * gradient[i]!, 6);
    });
  });

  it('gives the same numbers whatever the number of threads', async () => {
    const [alone, two, three] = [await engine(), await engine({ threads: 2 }), await engine({ threads: 3 })];
    const losses = await train(alone, 0, 3);
    expect(await train(two, 0, 3)).toEqual(losses);
    expect(await train(three, 0, 3)).toEqual(losses);
    expect(plain(two.parameters())).toEqual(plain(alone.parameters()));
    expect(plain(three.parameters())).toEqual(plain(alone.parameters()));
  });

  it('runs in onnxruntime-web too', async () => {
    const [native, web] = [await engine(), await engine({ runtime: 'web' })];
    const losses = await train(native, 0, 2);
    (await train(web, 0, 2)).forEach((loss, step) => {
      expect(loss).toBeCloseTo(losses[step]!, 5);
    });
  });

  it('goes on from a saved state as if it had not stopped', async () => {
    const whole = await engine();
    await train(whole, 0, 2);
    const state = structuredClone(whole.state());
    const losses = await train(whole, 2, 2);
    const resumed = await engine();
    resumed.load(state);
    expect(await train(resumed, 2, 2)).toEqual(losses);
    expect(resumed.state().step).toBe(4);
    expect(plain(resumed.parameters())).toEqual(plain(whole.parameters()));
  });

  it('learns, and moves the running statistics', async () => {
    const made = await engine();
    const feeds = batch(12, 1);
    const first = await made.step(feeds, 0.05);
    for (let i = 0; i < 30; i++) await made.step(feeds, 0.05);
    const last = await made.step(feeds, 0.05);
    expect(last.loss).toBeLessThan(first.loss / 2);
    expect(last.metrics.accuracy).toBeGreaterThan(first.metrics.accuracy!);
    expect(Array.from(made.parameters().get('mean')!.data, Number).every((value) => value !== 0)).toBe(true);
  });

  it('rejects an update after which a parameter is infinite', async () => {
    const made = await engine();
    const good = made.state();
    await expect(made.step(batch(4, 1), 1e40)).rejects.toMatchObject({
      code: 'DIVERGED',
      message: /too large; weights/,
    });
    made.load(good);
    await train(made, 0, 1);
  });

  it.each([1, 2])(
    'rejects a loss that is not a number and keeps everything as it was (%i threads)',
    async (threads) => {
      const made = await engine({ threads });
      await train(made, 0, 1);
      const before = structuredClone(made.state());
      const feeds = batch(8, 1);
      (feeds.x.data as Float32Array)[201] = Number.NaN;
      await expect(made.step(feeds, 0.1)).rejects.toMatchObject({ code: 'DIVERGED', message: /step 2/ });
      expect(made.state()).toEqual(before);
      await train(made, 1, 1);
    },
  );
});

describe('the engine refuses', () => {
  it('feeds that do not fit', async () => {
    const made = await engine();
    const { x, label } = batch(8, 1);
    const refused = async (feeds: Record<string, TensorValue>, message: RegExp) =>
      expect(made.step(feeds, 0.1)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message });
    await refused({ x }, /"label" is missing/);
    await refused({ x, label, y: x }, /no input "y"/);
    await refused({ x: floats([8, 2, 5, 4], 1), label }, /float32\[8,2,5,4\]/);
    await refused({ x: floats([6, 2, 5, 5], 1), label }, /multiple of 4/);
    await refused({ x: floats([0, 2, 5, 5], 1), label }, /multiple of 4/);
    await refused({ x: floats([4, 2, 5, 5], 1), label }, /"label"/);
    await refused({ x: { ...x, data: new Float32Array(3) }, label }, /"x"/);
    await refused({ x, label: { ...x, dims: [8] } }, /int64/);
    await expect(made.step({ x, label }, -1)).rejects.toMatchObject({ message: /learningRate/ });
    await expect(made.step({ x, label }, Number.NaN)).rejects.toMatchObject({ message: /learningRate/ });
  });

  it('two steps at once, and steps after its end', async () => {
    const made = await engine();
    const first = made.step(batch(4, 1), 0.1);
    await expect(made.step(batch(4, 1), 0.1)).rejects.toMatchObject({ message: /already running/ });
    await first;
    await made.dispose();
    await made.dispose();
    await expect(made.step(batch(4, 1), 0.1)).rejects.toMatchObject({ code: 'RELEASED' });
  });

  it('options out of range', async () => {
    for (const options of [{ microBatch: 0 }, { threads: 1.5 }, { threads: 2, runtime: 'web' }] as const) {
      await expect(engine(options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    const { parameters, ...rest } = network();
    const names = new Map([...parameters.keys()].map((name) => [name, { rate: -1 }]));
    await expect(engine({}, { ...rest, parameters: names })).rejects.toMatchObject({ message: /rate/ });
  });

  it('a state of another network, and keeps its own', async () => {
    const made = await engine();
    await train(made, 0, 1);
    const good = structuredClone(made.state());
    const change = (values: [string, TensorValue][], step = 1) => ({
      ...good,
      step,
      values: new Map([...good.values, ...values]),
    });
    const missing = { ...good, moments: new Map([...good.moments].slice(1)) };
    const states = [change([['w', floats([1], 1)]]), change([['other', floats([1], 1)]]), change([], -1), missing];
    states.push(change([['w', { ...floats([4, 2, 3, 3], 1), data: new Float32Array(100) }]]));
    for (const state of states) {
      expect(() => made.load(state)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    }
    expect(made.state()).toEqual(good);
  });

  it('to start without onnxruntime, saying how to install it', async () => {
    vi.resetModules();
    vi.doMock('onnxruntime-node', () => {
      throw new Error('Cannot find package');
    });
    const { loadRuntime } = await import('./runtime.js');
    await expect(loadRuntime('node')).rejects.toMatchObject({
      code: 'PLATFORM',
      hint: expect.stringContaining('npm install onnxruntime-node'),
    });
    vi.doUnmock('onnxruntime-node');
  });
});
