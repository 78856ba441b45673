import { seededRandom } from '../../src/convert/random.js';
import { ENGINES } from './engines.js';
import type { EngineMeasurement, NetworkMeasurement } from './measure.js';
import type { EngineResult, RatioResult } from './results.js';
import { medianRatio, quantile } from './statistics.js';
import type { EngineId, ModelForm } from './types.js';

/** What is known of an engine's costs beside its speed. */
export interface ColdStart {
  readonly milliseconds: number;
  readonly runtimeBytes: number;
}

export interface NetworkReport {
  readonly results: readonly EngineResult[];
  readonly ratios: readonly RatioResult[];
  readonly denseRatios: readonly RatioResult[];
}

/** Samples of one network as medians, percentiles and ratios. */
export function reportNetwork(
  network: string,
  measured: NetworkMeasurement,
  modelBytes: Readonly<Partial<Record<ModelForm, number>>>,
  cold: ReadonlyMap<EngineId, ColdStart> = new Map(),
): NetworkReport {
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
    results,
    ratios: ratiosOf(network, 'lutra', measured.engines),
    denseRatios: ratiosOf(network, 'lutra-dense', measured.engines),
  };
}

/** The engine's first contender against the peers that run as it does, and its other contenders against it. */
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
