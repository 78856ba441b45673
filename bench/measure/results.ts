import type { EngineId } from './types.js';

/** Where and when something was measured. */
export interface Environment {
  readonly browser: string;
  readonly user_agent: string;
  readonly machine: string;
  readonly cores: number;
  readonly cross_origin_isolated: boolean;
  /** Lutra's Wasm build. */
  readonly wasm: string;
  readonly timer_grain_ms: number;
  /** ISO 8601. */
  readonly date: string;
}

export interface EngineResult {
  readonly network: string;
  readonly engine: EngineId;
  readonly threads: number;
  /** The engine's own name for its Wasm build. */
  readonly build: string;
  readonly p50_ms: number;
  readonly p90_ms: number;
  readonly samples: number;
  readonly runs_per_sample: number;
  /** Milliseconds of one run, the mean of each sample. */
  readonly samples_ms: readonly number[];
  /** Compressed as a host would send it: scripts and Wasm. null where it was not observed. */
  readonly runtime_bytes: number | null;
  readonly model_bytes: number;
  /** From navigation to the first answer, everything downloaded anew. null where it was not measured. */
  readonly first_answer_ms: number | null;
  readonly peak_memory_bytes: number;
}

/**
 * How many times faster Lutra's lookup network is: their median over its median. Where `versus` is Lutra's own engine, with other
 * threads or another Wasm build, the last three fields say with which.
 */
export interface RatioResult {
  readonly network: string;
  readonly versus: EngineId;
  readonly threads: number;
  readonly ratio: number;
  /** 95 % bootstrap interval. */
  readonly low: number;
  readonly high: number;
  readonly build?: string;
  readonly versus_threads?: number;
  readonly versus_build?: string;
}

/** What one run of the benchmark writes, and what the page exports and reads. */
export interface BenchResults {
  readonly environment: Environment;
  /** What was measured: work per example, files with their hashes. */
  readonly networks: readonly Readonly<Record<string, unknown>>[];
  readonly results: readonly EngineResult[];
  readonly ratios: readonly RatioResult[];
  /** The same for Lutra's dense network. */
  readonly dense_ratios: readonly RatioResult[];
  /** How far the answers were from the reference before anything was timed. */
  readonly verified: readonly Readonly<Record<string, unknown>>[];
  /** What could not be measured, and why. */
  readonly failures: readonly string[];
}
