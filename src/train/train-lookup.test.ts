import { beforeAll, describe, expect, it } from 'vitest';
import { convert } from '../convert/convert.js';
import { seededRandom } from '../convert/random.js';
import { GraphBuilder } from '../graph/builder.js';
import type { Graph } from '../graph/types.js';
import type { LookupLoss } from '../lut/coded/train/options.js';
import { KEYWORD_FEATURES } from '../speech/spec.js';
import type { Checkpoint } from './checkpoint.js';
import { plainInputs } from './data/batch.js';
import type { TrainingSet } from './data/training-set.js';
import type { TrainingRecord } from './history.js';
import { type TrainLookupOptions, trainLookup } from './train-lookup.js';
import type { ValidationResult } from './validate.js';
import { InitialWeights } from './zoo/weights.js';

const CLASSES = 3;
const COUNT = 96;

/** Images of waves, the same at every call; classes have nothing to do with them. */
const set: TrainingSet = {
  description: 'waves',
  count: COUNT,
  classes: ['a', 'b', 'c'],
  labels: Int32Array.from({ length: COUNT }, (_, i) => i % CLASSES),
  inputDims: [2, 6, 6],
  preprocess: KEYWORD_FEATURES,
  write(index, out, to) {
    for (let i = 0; i < 72; i++) out[to + i] = Math.sin(index * 1.7 + i * (0.3 + 0.1 * (index % 7))) * 2;
  },
};
const every = (from: number, to: number) => Int32Array.from({ length: to - from }, (_, i) => from + i);
const split = { train: every(0, 64), validation: every(64, COUNT) };

function denseGraph(): Graph {
  const weights = new InitialWeights(4);
  const b = new GraphBuilder({ opset: 17, name: 'small' });
  const conv = (x: string, O: number, C: number) =>
    b.node('Relu', [b.node('Conv', [x, b.constant(weights.he([O, C, 3, 3]))], { pads: [1, 1, 1, 1] })]);
  const x = conv(conv(b.input('x', ['N', 2, 6, 6]), 8, 2), 16, 8);
  const flat = b.node('Flatten', [b.node('GlobalAveragePool', [x])]);
  b.output(b.node('Gemm', [flat, b.constant(weights.he([CLASSES, 16]))], { transB: 1 }), ['N', CLASSES]);
  return b.build();
}

const dense = denseGraph();
let lookup: Graph;

beforeAll(async () => {
  const feeds = [plainInputs(set, split.train)];
  const options = { layers: 'all', geometry: { conv: { kind: 'patch', channels: 1 } }, centroids: 8 } as const;
  const { graph } = await convert(dense, { feeds }, options);
  // What conversion fits well leaves little to learn: other scales spoil it.
  const random = seededRandom(8);
  const initializers = new Map(graph.initializers);
  for (const [name, value] of initializers) {
    if (!name.endsWith('/LookUp.scale')) continue;
    initializers.set(name, { ...value, data: (value.data as Float32Array).map((scale) => scale * (0.5 + random())) });
  }
  lookup = { ...graph, initializers };
});

const RECIPE = { batchSize: 16, microBatch: 16, schedule: { kind: 'constant', peak: 3e-3, warmup: 0 } } as const;

function run(options: TrainLookupOptions, on = split) {
  return trainLookup(lookup, dense, set, on, {
    budget: { steps: 12 },
    ...options,
    recipe: { ...RECIPE, ...options.recipe },
  });
}

/** A rate at which nothing is learned. */
const WILD = { recipe: { schedule: { ...RECIPE.schedule, peak: 10 } } };

describe('trainLookup', () => {
  it('returns what learned, where it is better on the validation set', async () => {
    const { graph, start, validation, unchanged, result } = await run({ budget: { steps: 40 } });
    expect(unchanged).toBe(false);
    expect(validation!.loss).toBeLessThan(start!.loss / 2);
    expect(graph.initializers).not.toEqual(lookup.initializers);
    const losses = result.history.flatMap(({ validationLoss }) => validationLoss ?? []);
    expect(validation!.loss).toBe(Math.min(...losses));
    expect(result.kept).toBe(result.history.find(({ validationLoss }) => validationLoss === validation!.loss)!.step);
  });

  it('returns the network it started from, where training never is better', async () => {
    const started: ValidationResult[] = [];
    const trained = await run({ ...WILD, onStart: (result) => started.push(result) });
    expect(trained).toMatchObject({ unchanged: true, result: { kept: 0, steps: 12 } });
    expect(trained.graph).toBe(lookup);
    expect(started).toEqual([trained.start]);
    expect(trained.validation).toEqual(trained.start);
    // Compared at every quarter and pass, the end included, and never better.
    const measured = trained.result.history.filter(({ validationLoss }) => validationLoss !== undefined);
    expect(measured.map(({ step }) => step)).toEqual([3, 4, 6, 8, 9, 12]);
    for (const { validationLoss } of measured) expect(validationLoss!).toBeGreaterThan(trained.start!.loss);
  });

  it('returns the last state where that is wanted, or there is no validation set', async () => {
    const last = await run({ ...WILD, keep: 'last' });
    expect(last).toMatchObject({ unchanged: false, result: { kept: 12 } });
    expect(last.validation!.loss).toBeGreaterThan(last.start!.loss);
    const blind = await run(WILD, { ...split, validation: new Int32Array(0) });
    expect(blind).toMatchObject({ unchanged: false, result: { kept: 12 } });
    expect(blind.validation ?? blind.start).toBeUndefined();
  });

  it('finds the best state again when it goes on from a checkpoint', async () => {
    // Good for half of the updates, then thrown off.
    let kept: Checkpoint | undefined;
    const controller = new AbortController();
    const first = await run({
      budget: { steps: 40 },
      signal: controller.signal,
      onProgress: ({ step }) => step === 20 && controller.abort(),
      saveCheckpoint: async (checkpoint) => {
        kept = checkpoint;
      },
    });
    expect(first.result).toMatchObject({ finished: false, kept: kept!.best!.step });
    const second = await run({ ...WILD, budget: { steps: 40 }, resume: kept! });
    expect(second.result).toMatchObject({ finished: true, kept: kept!.best!.step });
    expect(second.validation).toEqual(kept!.best!.validation);
    expect(second.graph.initializers).toEqual(first.graph.initializers);
  });

  it('measures the end of a training whose checkpoint tells of no best state', async () => {
    let ended: Checkpoint | undefined;
    const whole = await run({
      budget: { steps: 40 },
      saveCheckpoint: async (checkpoint) => {
        ended = checkpoint;
      },
    });
    const { best: _, ...without } = ended!;
    const again = await run({ budget: { steps: 40 }, resume: without });
    expect(again).toMatchObject({ unchanged: false, result: { steps: 40, kept: 40 } });
    expect(again.validation!.loss).toBe(whole.result.history.at(-1)!.validationLoss);
  });

  const losses: LookupLoss[] = [{ kind: 'distillation' }, { kind: 'labels', smoothing: 0.2 }];
  it.each(losses)('validates by the loss of %o', async (loss) => {
    // With tables as they are deployed and a rate of 0, the loss of one pass over the training examples is that of the network itself.
    const options = { tables: 'free', normalization: 'folded', loss } as const;
    const still = { recipe: { schedule: { ...RECIPE.schedule, peak: 0 } }, lookup: options };
    const { start, result } = await run({ ...still, budget: { epochs: 1 } }, { ...split, validation: split.train });
    // One record for each of the four updates, which also are the quarters.
    const mean = (read: (record: TrainingRecord) => number) =>
      result.history.reduce((sum, record) => sum + read(record) / 4, 0);
    expect(mean((record) => record.loss)).toBeCloseTo(start!.loss, 4);
    expect(mean(({ metrics }) => metrics.accuracy!)).toBeCloseTo(start!.correct / start!.count, 5);
    if (loss.kind === 'distillation') {
      expect(mean(({ metrics }) => metrics.agreement!)).toBeCloseTo(start!.same! / start!.count, 5);
    }
  });
});
