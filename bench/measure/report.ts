import { seededRandom } from '../../src/convert/random.js';
import { ENGINES } from './engines.js';
import type { EngineMeasurement, NetworkMeasurement } from './measure.js';
import type { BenchNetwork } from './network.js';
import type { BenchResults, EngineResult, RatioResult } from './results.js';
import { medianRatio, quantile } from './statistics.js';
import type { EngineId, ModelForm } from './types.js';

/** What is known of an engine's costs beside its speed. */
export interface ColdStart {
  readonly milliseconds: number;
  readonly runtimeBytes: number;
}

/** What is measured of some networks, without where. */
export type Report = Omit<BenchResults, 'environment'>;

export const EMPTY_REPORT: Report = {
  networks: [],
  results: [],
  ratios: [],
  dense_ratios: [],
  verified: [],
  failures: [],
};

/** All lists of the first, each followed by that of the second. */
export function joinReports(first: Report, second: Partial<Report>): Report {
  const names = Object.keys(first) as (keyof Report)[];
  const lists = names.map((name) => [name, [...first[name], ...(second[name] ?? [])]]);
  return Object.fromEntries(lists) as Report;
}

/** Samples of one network as medians, percentiles and ratios. The caller describes the network itself. */
export function reportNetwork(
  { id: network, title }: Pick<BenchNetwork, 'id' | 'title'>,
  measured: NetworkMeasurement,
  modelBytes: Readonly<Partial<Record<ModelForm, number>>>,
  cold: ReadonlyMap<EngineId, ColdStart> = new Map(),
): Report {
  const results = measured.engines.map(
    ({ contender: { engine }, samples, build, runsPerSample, memoryBytes, threads }): EngineResult => ({
      network,
      engine,
      threads,
      build,
      p50_ms: quantile(samples, 0.5),
      p90_ms: quantile(samples, 0.9),
      samples: samples.length,
      runs_per_sample: runsPerSample,
      samples_ms: samples,
      runtime_bytes: cold.get(engine)?.runtimeBytes ?? null,
      model_bytes: modelBytes[ENGINES[engine].form] ?? 0,
      first_answer_ms: cold.get(engine)?.milliseconds ?? null,
      peak_memory_bytes: memoryBytes,
    }),
  );
  return {
    networks: [],
    results,
    ratios: ratiosOf(network, 'lutra', measured.engines),
    dense_ratios: ratiosOf(network, 'lutra-dense', measured.engines),
    verified: measured.verified.map((verification) => ({ network, ...verification })),
    failures: measured.failures.map((failure) => `${title}: ${failure}`),
  };
}

/** The engine's first contender against peers with the same settings, and its other contenders against the first. */
function ratiosOf(network: string, name: EngineId, engines: readonly EngineMeasurement[]): readonly RatioResult[] {
  const base = engines.find(({ contender }) => contender.engine === name);
  if (!base) return [];
  const random = seededRandom(1);
  const { threads, wasm } = base.contender;
  const peers = engines.filter(
    ({ contender }) =>
      contender.engine !== name &&
      contender.engine !== 'lutra' &&
      contender.threads === threads &&
      contender.wasm === wasm,
  );
  const variants = engines.filter(
    (other) => other.contender.engine === name && (other.threads !== base.threads || other.build !== base.build),
  );
  return [
    ...peers.map(({ contender, samples }) => ({
      network,
      versus: contender.engine,
      threads,
      ...medianRatio(samples, base.samples, random),
    })),
    ...variants.map((variant) => ({
      network,
      versus: name,
      threads: variant.threads,
      build: variant.build,
      versus_threads: base.threads,
      versus_build: base.build,
      ...medianRatio(base.samples, variant.samples, random),
    })),
  ];
}
