import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../graph/builder.js';
import { KEYWORD_FEATURES } from '../speech/spec.js';
import type { Checkpoint } from './checkpoint.js';
import { plainInputs } from './data/batch.js';
import type { TrainingSet } from './data/training-set.js';
import { denseTask, settleStatistics } from './dense-task.js';
import { exportDense, withValues } from './export-dense.js';
import { measureAccuracy } from './forward.js';
import type { TrainingRecord } from './history.js';
import { type TrainerOptions, train } from './trainer.js';
import { filled, InitialWeights } from './zoo/weights.js';

/** Two classes of 1×4×4 images: bright on the left, or bright at the top. */
function stripes(count: number, broken = -1): TrainingSet {
  return {
    description: `${count} stripes`,
    count,
    classes: ['left', 'top'],
    labels: Int32Array.from({ length: count }, (_, i) => i % 2),
    inputDims: [1, 4, 4],
    preprocess: KEYWORD_FEATURES,
    write(index, out, to, variation) {
      for (let i = 0; i < 16; i++) {
        const bright = index % 2 === 0 ? i % 4 < 2 : i < 8;
        out[to + i] = (bright ? 1 : 0) + Math.sin(index * 7 + i * 3) * 0.3 + 0.1 * (variation?.random() ?? 0);
      }
      if (index === broken) out[to] = Number.NaN;
    },
  };
}

function network() {
  const weights = new InitialWeights(2);
  const b = new GraphBuilder({ name: 'stripes' });
  const x = b.input('x', ['batch', 1, 4, 4]);
  const conv = b.node('Conv', [x, b.constant(weights.he([4, 1, 3, 3]), 'w')], { pads: [1, 1, 1, 1] });
  const normed = b.node('BatchNormalization', [
    conv,
    b.constant(filled(4, 1), 'scale'),
    b.constant(filled(4, 0), 'shift'),
    b.constant(filled(4, 0), 'mean'),
    b.constant(filled(4, 1), 'variance'),
  ]);
  const flat = b.node('Flatten', [b.node('Relu', [normed])]);
  b.output(b.node('Gemm', [flat, b.constant(weights.he([2, 64]), 'fc')], { transB: 1 }), ['batch', 2]);
  return b.build();
}

const every = (count: number) => Int32Array.from({ length: count }, (_, i) => i);

function setUp(count = 64, broken = -1) {
  const set = stripes(count, broken);
  const split = { train: every(count), validation: every(count) };
  const graph = network();
  return { set, split, graph, task: denseTask({ graph }, set, split, 3, 0, 1) };
}

const OPTIONS: TrainerOptions = {
  engine: { optimizer: { kind: 'sgd', decay: 1e-4 }, microBatch: 8, threads: 1 },
  batchSize: 16,
  budget: { steps: 12 },
  schedule: { kind: 'one-cycle', peak: 0.05 },
  averageEpochs: 1,
};

describe('train', () => {
  it('lowers the loss, measures at every pass and keeps a record of it', async () => {
    const { task, set, graph, split } = setUp();
    const records: TrainingRecord[] = [];
    const result = await train(task, { ...OPTIONS, budget: { epochs: 6 }, onRecord: (record) => records.push(record) });
    expect(result.steps).toBe(24);
    expect(result.finished).toBe(true);
    expect(records).toEqual(result.history);
    expect(records.filter(({ validation }) => validation !== undefined).map(({ epoch }) => epoch)).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
    expect(records.at(-1)!.loss).toBeLessThan(records[0]!.loss / 2);
    const settled = await settleStatistics(withValues(graph, result.values), set, split.train, 1);
    const { correct } = await measureAccuracy(exportDense(settled, new Map()), set, split.validation, 1);
    expect(correct).toBe(64);
  });

  it('gives the same weights again, and after an interruption', async () => {
    const whole = await train(setUp().task, OPTIONS);
    let stopped: Checkpoint | undefined;
    const controller = new AbortController();
    const first = await train(setUp().task, {
      ...OPTIONS,
      signal: controller.signal,
      onProgress: ({ step }) => step === 5 && controller.abort(),
      saveCheckpoint: async (checkpoint) => {
        stopped = checkpoint;
      },
    });
    expect(first.finished).toBe(false);
    expect(stopped!.state.step).toBe(5);
    const resumed = await train(setUp().task, { ...OPTIONS, resume: stopped! });
    expect(resumed.steps).toBe(12);
    for (const [name, value] of whole.values) {
      const other = resumed.values.get(name)!.data as Float32Array;
      // The average starts anew from its rounded past; what the optimizer does is the same to the bit.
      (value.data as Float32Array).forEach((x, i) => {
        expect(other[i]!).toBeCloseTo(x, 2);
      });
    }
    const again = await train(setUp().task, OPTIONS);
    expect(again.values).toEqual(whole.values);
  });

  it('refuses the checkpoint of another training', async () => {
    let saved: Checkpoint | undefined;
    const keep = async (checkpoint: Checkpoint) => {
      saved = checkpoint;
    };
    await train(setUp().task, { ...OPTIONS, budget: { steps: 1 }, saveCheckpoint: keep });
    await expect(train(setUp(32).task, { ...OPTIONS, resume: saved! })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('ends with an error and without another checkpoint when the loss is no number', async () => {
    const saved: number[] = [];
    const { task } = setUp(64, 63);
    const training = train(task, {
      ...OPTIONS,
      budget: { epochs: 2 },
      checkpointEvery: 0,
      saveCheckpoint: async ({ state }) => {
        expect([...state.values.values()].every(({ data }) => (data as Float32Array).every(Number.isFinite))).toBe(
          true,
        );
        saved.push(state.step);
      },
    });
    await expect(training).rejects.toMatchObject({ code: 'DIVERGED' });
    expect(saved.length).toBeLessThan(8);
  });

  it('hands on why a checkpoint could not be kept', async () => {
    const full = async () => {
      throw new Error('no space left on device');
    };
    await expect(train(setUp().task, { ...OPTIONS, saveCheckpoint: full })).rejects.toThrow(/no space left/);
  });

  it('refuses a budget of nothing', async () => {
    await expect(train(setUp().task, { ...OPTIONS, budget: { minutes: 0 } })).rejects.toThrow(/above 0/);
  });
});

describe('settleStatistics', () => {
  it('finds the mean and variance that each normalization sees', async () => {
    const { graph, set, split } = setUp();
    const settled = await settleStatistics(graph, set, split.train, 1);
    const input = plainInputs(set, split.train).data as Float32Array;
    const w = graph.initializers.get('w')!.data as Float32Array;
    const [mean, variance] = ['mean', 'variance'].map((name) => settled.initializers.get(name)!.data as Float32Array);
    for (let m = 0; m < 4; m++) {
      let sum = 0;
      let squares = 0;
      for (let n = 0; n < 64; n++)
        for (let y = 0; y < 4; y++)
          for (let x = 0; x < 4; x++) {
            let value = 0;
            for (let i = 0; i < 3; i++)
              for (let j = 0; j < 3; j++) {
                const [r, c] = [y + i - 1, x + j - 1];
                if (r >= 0 && r < 4 && c >= 0 && c < 4) value += w[m * 9 + i * 3 + j]! * input[n * 16 + r * 4 + c]!;
              }
            sum += value;
            squares += value * value;
          }
      const average = sum / 1024;
      expect(mean![m]).toBeCloseTo(average, 4);
      expect(variance![m]).toBeCloseTo(squares / 1024 - average ** 2, 4);
    }
  });
});
