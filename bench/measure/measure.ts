import { seededRandom } from '../../src/convert/random.js';
import type { CheckForm } from './check-forms.js';
import { EngineThread } from './engine-thread.js';
import { ENGINES } from './engines.js';
import { type BenchNetwork, feedsOf } from './network.js';
import type { EngineFacts, TestSet } from './serve-engine.js';
import { shuffle } from './statistics.js';
import type { Contender, ModelForm } from './types.js';
import { type Answers, type Verification, verify } from './verify.js';

export interface MeasureOptions {
  /** Other contenders of an engine (more threads, another build) are compared with its first one. */
  readonly contenders: readonly Contender[];
  /** Rounds; every contender is sampled once in each. */
  readonly samples: number;
  /** Examples that every contender answers, besides. */
  readonly test?: TestSet;
  /** Starts a worker in which `serveEngine` runs. */
  readonly createWorker: () => Worker;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: MeasureProgress) => void;
}

export interface MeasureProgress {
  readonly stage: 'load' | 'verify' | 'warm-up' | 'sample' | 'test';
  readonly engine: Contender['engine'] | undefined;
  readonly done: number;
  readonly total: number;
}

export interface NetworkMeasurement {
  readonly engines: readonly EngineMeasurement[];
  readonly verified: readonly Verification[];
  /** Contenders that could not load the network, and why. */
  readonly failures: readonly string[];
}

export interface EngineMeasurement extends EngineFacts {
  readonly contender: Contender;
  /** Milliseconds of one run, one value per round. */
  readonly samples: readonly number[];
  readonly runsPerSample: number;
  readonly memoryBytes: number;
  /** Right answers in the test set. */
  readonly correct?: number;
}

/** The least length of a sample: in grains of the clock, and in milliseconds. */
const SAMPLE_GRAINS = 100;
const SAMPLE_MILLISECONDS = 15;
const WARM_UP_RUNS = 3;
/** Engines compile hot code in the background during the first runs. */
const WARM_UP_MILLISECONDS = 300;
/** Between samples. */
const PAUSE_MILLISECONDS = 5;
/**
 * Between samples when engines have threads. Threads of onnxruntime-web look for work after a run, for 15 to 35 ms of processor time and
 * up to 150 ms on a busy machine (measured). The next engine would have one processor less.
 */
const PAUSE_AFTER_THREADS_MILLISECONDS = 150;

/**
 * Loads a network for every contender, checks that they agree, and times them in turn: in each round every contender once, in random
 * order, so that whatever else the machine does meets all alike.
 *
 * A contender that cannot load the network is left out and named among the failures.
 *
 * @throws Error when an answer is wrong, an engine dies, or none could load the network; the signal's reason
 */
export async function measureNetwork(network: BenchNetwork, options: MeasureOptions): Promise<NetworkMeasurement> {
  const { contenders, samples, onProgress } = options;
  const end = new AbortController();
  const signal = AbortSignal.any([options.signal, end.signal]);
  const feeds = feedsOf(network);
  const progress = (stage: MeasureProgress['stage'], done: number, total: number, engine?: Contender['engine']) =>
    onProgress?.({ stage, done, total, engine });
  try {
    const open = async (contender: Contender, form: ModelForm, check?: CheckForm, given = feeds) => {
      // A lookup network is checked by running its own file in the reference engine.
      const own = form === ENGINES[contender.engine].form || form === 'lut' ? contender.file : undefined;
      const model = own ?? network.models[form];
      if (model === undefined) throw new Error(`${network.title} has no file for ${ENGINES[contender.engine].title}`);
      return EngineThread.open(options.createWorker, { contender, model, feeds: given, check }, signal);
    };
    const answers: Answers = async (contender, { form, feeds: given }) => {
      const { thread } = form === 'dense' ? await open(contender, form) : await open(contender, 'lut', form, given);
      const answer = await thread.answer();
      thread.close();
      return answer;
    };
    const failures: string[] = [];
    const opened: { thread: EngineThread; facts: EngineFacts }[] = [];
    for (const [index, contender] of contenders.entries()) {
      const { engine } = contender;
      progress('load', index, contenders.length, engine);
      try {
        opened.push(await open(contender, ENGINES[engine].form));
      } catch (thrown) {
        signal.throwIfAborted();
        failures.push(`${ENGINES[engine].title}: ${thrown instanceof Error ? thrown.message : thrown}`);
      }
    }
    if (opened.length === 0) throw new Error(failures.join('; '));
    progress('verify', 0, 1);
    const threadsOf = opened.map(({ thread }) => thread);
    const verified = await verify(network, threadsOf, answers);
    const runs = new Map<EngineThread, number>();
    for (const [index, { thread, facts }] of opened.entries()) {
      progress('warm-up', index, opened.length, thread.contender.engine);
      runs.set(thread, await warmUp(thread, facts.grain));
    }
    const times = new Map<EngineThread, number[]>(opened.map(({ thread }) => [thread, []]));
    const random = seededRandom(Date.now());
    const quiet = contenders.some(({ threads }) => threads > 1) ? PAUSE_AFTER_THREADS_MILLISECONDS : PAUSE_MILLISECONDS;
    for (let round = 0; round < samples; round++) {
      progress('sample', round, samples);
      for (const { thread } of shuffle(opened, random)) {
        await new Promise((resolve) => setTimeout(resolve, quiet));
        times.get(thread)!.push(await thread.sample(runs.get(thread)!));
      }
    }
    progress('sample', samples, samples);
    const correct = new Map<EngineThread, number>();
    if (options.test) {
      for (const [index, { thread }] of opened.entries()) {
        progress('test', index, opened.length, thread.contender.engine);
        correct.set(thread, await thread.countCorrect(options.test));
      }
    }
    const measured = await Promise.all(
      opened.map(async ({ thread, facts }) => ({
        ...facts,
        contender: thread.contender,
        samples: times.get(thread)!,
        runsPerSample: runs.get(thread)!,
        memoryBytes: await thread.memoryBytes(),
        ...(correct.has(thread) ? { correct: correct.get(thread)! } : {}),
      })),
    );
    return { engines: measured, verified, failures };
  } finally {
    end.abort(new Error('the measurement is over'));
  }
}

/** @returns how many runs make a sample long enough */
async function warmUp(thread: EngineThread, grain: number): Promise<number> {
  const wanted = Math.max(SAMPLE_MILLISECONDS, SAMPLE_GRAINS * grain);
  const start = performance.now();
  let milliseconds = await thread.sample(WARM_UP_RUNS);
  while (performance.now() - start < WARM_UP_MILLISECONDS) {
    milliseconds = Math.min(milliseconds, await thread.sample(runsFor(milliseconds, wanted)));
  }
  return runsFor(milliseconds, wanted);
}

const MAX_RUNS = 100_000;

function runsFor(milliseconds: number, wanted: number): number {
  return Math.min(MAX_RUNS, Math.max(1, Math.ceil(wanted / Math.max(milliseconds, wanted / MAX_RUNS))));
}
