import { alike } from '../../bench/measure/contenders.js';
import { failureOf } from '../../bench/measure/engine-thread.js';
import { ENGINES } from '../../bench/measure/engines.js';
import { timerGrain } from '../../bench/measure/grain.js';
import { type MeasureProgress, measureNetwork } from '../../bench/measure/measure.js';
import type { BenchNetwork } from '../../bench/measure/network.js';
import { EMPTY_REPORT, joinReports, type Report, reportNetwork } from '../../bench/measure/report.js';
import type { BenchResults, Environment } from '../../bench/measure/results.js';
import type { EngineId, ModelForm } from '../../bench/measure/types.js';
import { wrap } from '../../src/comlink.js';
import type { WasmVariant } from '../../src/index.js';
import { browserName } from './browser-name.js';
import { type NetworkChoice, whyNot } from './choices.js';
import type { PreparedNetwork, PrepareWorker } from './prepare-worker.js';

export interface RunOptions {
  readonly networks: readonly NetworkChoice[];
  readonly engines: readonly EngineId[];
  readonly threads: number;
  readonly wasm: WasmVariant;
  readonly samples: number;
}

export interface RunListener {
  /** @param fraction 0..1 of the whole run */
  onProgress(text: string, fraction: number): void;
  /** Everything measured so far: also when the run ends early. */
  onResults(results: BenchResults): void;
}

/** Rough share of a network's time that each stage takes. The bar must only never go back. */
const STAGES: Readonly<Record<'prepare' | MeasureProgress['stage'], readonly [start: number, share: number]>> = {
  prepare: [0, 0.2],
  load: [0.2, 0.1],
  verify: [0.3, 0.1],
  'warm-up': [0.4, 0.1],
  sample: [0.5, 0.5],
  test: [1, 0],
};
const WORDS: Readonly<Record<MeasureProgress['stage'], string>> = {
  load: 'loading',
  verify: 'checking the answers',
  'warm-up': 'warming up',
  sample: 'timing',
  test: 'answering the test data',
};

/** Measures the chosen networks in turn. @throws the signal's reason */
export async function runBenchmark(options: RunOptions, signal: AbortSignal, listener: RunListener): Promise<void> {
  const { networks, threads, wasm, samples } = options;
  const environment = describeEnvironment(wasm);
  let report = EMPTY_REPORT;
  const add = (more: Partial<Report>) => {
    report = joinReports(report, more);
  };
  for (const [index, choice] of networks.entries()) {
    const { id, title } = choice;
    const at = (stage: keyof typeof STAGES, part: number, text: string) => {
      const [start, share] = STAGES[stage];
      listener.onProgress(`${title}: ${text}`, (index + start + share * part) / networks.length);
    };
    const engines = options.engines.filter((engine) => {
      const why = whyNot(engine, choice, threads);
      if (why !== undefined) add({ failures: [`${title}: ${why}`] });
      return why === undefined;
    });
    try {
      at('prepare', 0, choice.source.kind === 'shipped' ? 'downloading' : 'building');
      const { models, sha256, inputs, work } = await prepare(choice, signal);
      const sizes = Object.fromEntries(Object.entries(models).map(([form, { length }]) => [form, length]));
      const network: BenchNetwork = { id, title, inputs, models };
      const measured = await measureNetwork(network, {
        contenders: alike(engines, { threads, wasm }),
        samples,
        signal,
        createWorker: () => new Worker(new URL('./engine-worker.ts', import.meta.url), { type: 'module' }),
        onProgress: ({ stage, engine, done, total }) =>
          at(stage, done / total, engine === undefined ? WORDS[stage] : `${WORDS[stage]} ${ENGINES[engine].title}`),
      });
      add({
        ...reportNetwork(network, measured, sizes),
        networks: [{ id, title, work, models: describeFiles(sizes, sha256) }],
      });
    } catch (thrown) {
      if (signal.aborted) throw signal.reason;
      add({ failures: [`${title}: ${thrown instanceof Error ? thrown.message : String(thrown)}`] });
    }
    listener.onResults({ environment, ...report });
  }
}

function describeFiles(
  sizes: Readonly<Record<string, number>>,
  sha256: PreparedNetwork['sha256'],
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(sizes).map(([form, bytes]) => [form, { bytes, sha256: sha256[form as ModelForm] }]),
  );
}

async function prepare({ source }: NetworkChoice, signal: AbortSignal): Promise<PreparedNetwork> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./prepare-worker.ts', import.meta.url), { type: 'module' });
  try {
    return await Promise.race([wrap<PrepareWorker>(worker).prepare(source), failureOf(worker, signal)]);
  } finally {
    worker.terminate();
  }
}

function describeEnvironment(wasm: WasmVariant): Environment {
  return {
    browser: browserName(navigator.userAgent),
    user_agent: navigator.userAgent,
    machine: `${navigator.platform}, ${navigator.hardwareConcurrency} cores`,
    cores: navigator.hardwareConcurrency,
    cross_origin_isolated: crossOriginIsolated,
    wasm,
    timer_grain_ms: timerGrain(),
    date: new Date().toISOString(),
  };
}
