import { LutraError } from '../errors.js';
import type { TensorValue } from '../graph/types.js';
import { WeightAverage } from './average.js';
import { BestKeeper } from './best.js';
import type { Checkpoint } from './checkpoint.js';
import { createStepEngine } from './engine/step-engine.js';
import type { Measured } from './forward.js';
import type { TrainingRecord } from './history.js';
import { learningRate, type ScheduleOptions } from './schedule.js';
import type { StepEngine, StepEngineOptions, StepResult, TrainingNetwork } from './types.js';
import type { ValidationResult } from './validate.js';

type Values = ReadonlyMap<string, TensorValue>;
export type BatchFeeds = Readonly<Record<string, TensorValue>>;

/** What is trained: a network, its data, and how it is measured. */
export interface TrainingTask {
  readonly network: TrainingNetwork;
  /** Tells checkpoints of this network and data from others. */
  readonly identity: string;
  /** Examples in one pass over the data. */
  readonly examples: number;
  /** Feeds of update `step`, the same at every call. */
  batch(step: number, size: number): BatchFeeds | Promise<BatchFeeds>;
  /** Measures the given parameters and running statistics on the validation set. States are compared where it returns a loss. */
  readonly measure?: ((values: Values) => Promise<Measured | ValidationResult>) | undefined;
  /** What the training starts from, measured in the same way: only a better state can be the best. */
  readonly start?: ValidationResult | undefined;
  /** Learned temperatures by layer, for the report. */
  readonly temperatures?: ((values: Values) => Readonly<Record<string, number>>) | undefined;
}

/** How long to train: a number of updates, of passes, or of minutes (the schedule follows the clock). */
export type Budget = { readonly steps: number } | { readonly epochs: number } | { readonly minutes: number };

export interface TrainerOptions {
  readonly engine: StepEngineOptions;
  readonly batchSize: number;
  readonly budget: Budget;
  readonly schedule: ScheduleOptions;
  /** Passes over which weights are averaged at the end; 0 keeps the last ones. Default 0. */
  readonly averageEpochs?: number;
  /** The result: `best`, the state with the lowest loss on the validation set, where that is measured; `last`, that of the last update. Default `best`. */
  readonly keep?: 'best' | 'last';
  /**
   * Measure on the validation set every so many passes, and where states are compared at each quarter of the budget. Default: 1, with a
   * budget of many passes a twelfth of them.
   */
  readonly measureEvery?: number;
  /** Seconds between records of the history. Default 10. */
  readonly recordEvery?: number;
  /** Seconds between checkpoints. Default 60. */
  readonly checkpointEvery?: number;
  /** Stores a checkpoint; what it throws ends the training. */
  readonly saveCheckpoint?: (checkpoint: Checkpoint) => Promise<void>;
  readonly resume?: Checkpoint;
  /** Ends the training after the update at work, with a checkpoint. */
  readonly signal?: AbortSignal;
  readonly onRecord?: (record: TrainingRecord) => void;
  readonly onProgress?: (progress: TrainingProgress) => void;
}

/** State of the run after an update. */
export interface TrainingProgress {
  /** 0..1 */
  readonly fraction: number;
  readonly step: number;
  /** Moving means over about the last 20 updates. */
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly samplesPerSecond: number;
  readonly secondsLeft: number;
  /** The last measurement on the validation set. */
  readonly validation: number | undefined;
}

export interface TrainingResult {
  /**
   * Parameters and running statistics of the state that was kept, of the last one where none was better than the start: the average where
   * one is kept. Statistics belong to the last weights.
   */
  readonly values: ReadonlyMap<string, TensorValue>;
  /** Updates after which that state was reached: 0 when none was better on the validation set than what the training started from. */
  readonly kept: number;
  readonly history: readonly TrainingRecord[];
  readonly steps: number;
  readonly seconds: number;
  /** False when the signal ended it early. */
  readonly finished: boolean;
}

/** Updates between two averages. Copying all weights takes time, and averaging every update is no better. */
const AVERAGE_EVERY = 5;
const SMOOTHING = 0.05;
/** States are compared at least this often. */
const COMPARISONS = 4;

/** Sums between two records. */
class Interval {
  private loss = 0;
  private readonly metrics = new Map<string, number>();
  private count = 0;

  /** @param from seconds of training at the first record */
  constructor(private readonly from: number) {}

  add(loss: number, metrics: Readonly<Record<string, number>>): void {
    this.loss += loss;
    for (const [name, value] of Object.entries(metrics)) this.metrics.set(name, (this.metrics.get(name) ?? 0) + value);
    this.count++;
  }

  get empty(): boolean {
    return this.count === 0;
  }

  means(batchSize: number, seconds: number) {
    return {
      loss: this.loss / this.count,
      metrics: Object.fromEntries([...this.metrics].map(([name, sum]) => [name, sum / this.count])),
      samplesPerSecond: (this.count * batchSize) / Math.max(1e-9, seconds - this.from),
    };
  }
}

/** 0..1: how much of the budget is used. */
function progressOf(budget: Budget, step: number, seconds: number, stepsPerEpoch: number): number {
  if ('steps' in budget) return step / budget.steps;
  if ('epochs' in budget) return step / Math.max(1, Math.round(budget.epochs * stepsPerEpoch));
  return seconds / (60 * budget.minutes);
}

function check(task: TrainingTask, { batchSize, budget, resume }: TrainerOptions): void {
  const [amount] = Object.values(budget) as [number];
  if (!(amount > 0)) {
    throw new LutraError('INVALID_ARGUMENT', 'a training needs steps, epochs or minutes above 0', {
      expected: '> 0',
      actual: String(amount),
    });
  }
  if (task.examples === 0 || !(batchSize > 0)) {
    const expected = 'examples and a batch size above 0';
    throw new LutraError('INVALID_DATA', 'there is nothing to train on', { expected });
  }
  if (resume && resume.identity !== task.identity) {
    throw new LutraError('INVALID_ARGUMENT', 'the checkpoint belongs to another network or other data', {
      expected: task.identity,
      actual: resume.identity,
      hint: 'Resume with the arguments that the training was started with',
    });
  }
}

/**
 * Trains a network until its budget is used or the signal ends it. With a budget of steps or epochs the same task, options and seed make the
 * same weights on the same machine; with minutes the number of updates depends on its speed.
 *
 * @throws LutraError `DIVERGED` when the loss is NaN or infinite (the last checkpoint is kept), `INVALID_ARGUMENT` (options, a checkpoint of
 * another training), `INVALID_DATA` (no examples), and what `saveCheckpoint` throws
 */
export async function train(task: TrainingTask, options: TrainerOptions): Promise<TrainingResult> {
  check(task, options);
  const engine = await createStepEngine(task.network, options.engine);
  try {
    return await run(task, options, engine);
  } finally {
    await engine.dispose();
  }
}

async function run(task: TrainingTask, options: TrainerOptions, engine: StepEngine): Promise<TrainingResult> {
  const { batchSize, budget, resume, signal } = options;
  const stepsPerEpoch = task.examples / batchSize;
  const average = options.averageEpochs
    ? new WeightAverage(1 - AVERAGE_EVERY / Math.max(AVERAGE_EVERY, options.averageEpochs * stepsPerEpoch))
    : undefined;
  const history: TrainingRecord[] = [...(resume?.history ?? [])];
  let step = 0;
  if (resume) {
    engine.load(resume.state);
    average?.load(resume.average);
    step = resume.state.step;
  }
  const before = resume?.seconds ?? 0;
  const started = performance.now();
  let paused = 0;
  const clock = () => before + (performance.now() - started - paused) / 1000;

  const learned = (values: Values) => [...values].filter(([name]) => task.network.parameters.has(name));
  /** Averaged parameters; running statistics, which are means already, as they are. */
  const current = (): Map<string, TensorValue> => {
    const values = engine.parameters();
    return new Map([...values, ...learned(average?.values(values) ?? new Map())]);
  };
  const comparing = options.keep !== 'last';
  const best = new BestKeeper(task.start, comparing ? resume?.best : undefined);
  const save = async () =>
    options.saveCheckpoint?.({
      identity: task.identity,
      state: engine.state(),
      average: average?.values(engine.parameters()) ?? new Map(),
      ...(best.state ? { best: best.state } : {}),
      seconds: clock(),
      history,
    });

  let interval = new Interval(before);
  let recorded = before;
  let saved = before;
  let measuredEpoch = Math.floor(step / stepsPerEpoch);
  let validation = history.findLast((record) => record.validation !== undefined)?.validation;
  let smooth: Means | undefined;

  const measure = async (): Promise<Measured | ValidationResult> => {
    const at = performance.now();
    const values = current();
    const measured = await task.measure!(values);
    // Measuring does not count as training: speed and the budget stay comparable.
    paused += performance.now() - at;
    validation = measured.correct / measured.count;
    if (comparing && 'loss' in measured) best.offer({ step, validation: measured, values });
    return measured;
  };
  const record = (measured: Measured | ValidationResult | undefined) => {
    const seconds = clock();
    const temperatures = task.temperatures?.(engine.parameters());
    const entry: TrainingRecord = {
      step,
      epoch: step / stepsPerEpoch,
      seconds,
      learningRate: learningRate(options.schedule, progressOf(budget, step, seconds, stepsPerEpoch)),
      ...interval.means(batchSize, seconds),
      ...(measured ? measurements(measured) : {}),
      ...(temperatures ? { temperatures } : {}),
    };
    history.push(entry);
    options.onRecord?.(entry);
    interval = new Interval(seconds);
    recorded = seconds;
  };

  const measureEvery = options.measureEvery ?? ('epochs' in budget ? Math.max(1, Math.floor(budget.epochs / 12)) : 1);
  let feeds = await task.batch(step, batchSize);
  let fraction = progressOf(budget, step, clock(), stepsPerEpoch);
  // Where this run of the program began: it tells the speed, and from that the time left.
  const began = fraction;
  const quarterOf = (share: number) => Math.floor(COMPARISONS * share);
  let quarter = quarterOf(fraction);
  while (fraction < 1 && !signal?.aborted) {
    const working = engine.step(feeds, learningRate(options.schedule, fraction));
    // Made while the engine's threads compute; a rejection must wait for its await.
    working.catch(() => {});
    feeds = await task.batch(step + 1, batchSize);
    const { loss, metrics } = await working;
    step++;
    interval.add(loss, metrics);
    smooth = smoothed(smooth ?? { loss, metrics }, { loss, metrics });
    if (average && step % AVERAGE_EVERY === 0) average.update(learned(engine.parameters()));
    fraction = progressOf(budget, step, clock(), stepsPerEpoch);

    const epoch = Math.floor(step / stepsPerEpoch);
    const compare = task.start !== undefined && quarterOf(fraction) > quarter;
    const due = epoch - measuredEpoch >= measureEvery || compare || fraction >= 1;
    if (due && task.measure) {
      measuredEpoch = epoch;
      quarter = quarterOf(fraction);
      record(await measure());
    } else if (clock() - recorded >= (options.recordEvery ?? 10) || fraction >= 1) {
      record(undefined);
    }
    if (clock() - saved >= (options.checkpointEvery ?? 60)) {
      await save();
      saved = clock();
    }
    const seconds = clock();
    options.onProgress?.({
      fraction: Math.min(1, fraction),
      step,
      ...smooth,
      samplesPerSecond: interval.empty
        ? history.at(-1)!.samplesPerSecond
        : interval.means(batchSize, seconds).samplesPerSecond,
      secondsLeft: (seconds - before) * ((1 - Math.min(1, fraction)) / Math.max(1e-9, fraction - began)),
      validation,
    });
  }
  if (!interval.empty) record(undefined);
  // The checkpoint may be of a training that had ended without comparing states.
  if (began >= 1 && task.start) await measure();
  await save();
  const finished = fraction >= 1;
  const rest = { history, steps: step, seconds: clock(), finished };
  if (best.state) return { values: best.state.values, kept: best.state.step, ...rest };
  return { values: current(), kept: comparing && task.start ? 0 : step, ...rest };
}

/** What a record tells of a measurement. */
function measurements(measured: Measured | ValidationResult): Partial<TrainingRecord> {
  const { correct, count } = measured;
  if (!('loss' in measured)) return { validation: correct / count };
  const { loss, same } = measured;
  return {
    validation: correct / count,
    validationLoss: loss,
    ...(same === undefined ? {} : { validationAgreement: same / count }),
  };
}

type Means = Pick<StepResult, 'loss' | 'metrics'>;

/** Moving means of losses and metrics. */
function smoothed(past: Means, { loss, metrics }: Means): Means {
  const mix = (old = 0, now = 0) => old + SMOOTHING * (now - old);
  const names = Object.keys(metrics);
  return {
    loss: mix(past.loss, loss),
    metrics: Object.fromEntries(names.map((name) => [name, mix(past.metrics[name], metrics[name])])),
  };
}
