import { seededRandom } from '../../src/convert/random.js';
import { ENGINES } from './engines.js';
import type { NetworkMeasurement } from './measure.js';
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
  threads: number,
  measured: NetworkMeasurement,
  modelBytes: Readonly<Partial<Record<ModelForm, number>>>,
  cold: ReadonlyMap<EngineId, ColdStart> = new Map(),
): NetworkReport {
  const results = measured.engines.map(
    ({ engine, samples, build, runsPerSample, memoryBytes, threads: used }): EngineResult => ({
      network,
      engine,
      threads: used,
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
  const random = seededRandom(1);
  const ratiosOf = (name: EngineId): readonly RatioResult[] => {
    const base = measured.engines.find(({ engine }) => engine === name);
    if (!base) return [];
    return measured.engines
      .filter(({ engine }) => engine !== name && engine !== 'lutra')
      .map(({ engine: versus, samples }) => ({
        network,
        versus,
        threads,
        ...medianRatio(samples, base.samples, random),
      }));
  };
  return { results, ratios: ratiosOf('lutra'), denseRatios: ratiosOf('lutra-dense') };
}
