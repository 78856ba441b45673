import type { MemoryUse, StepProfile, WasmVariant } from '../engine/types.js';
import type { DataType, TensorData } from '../graph/types.js';

/** Progress of a load. `total` is undefined while unknown; `loaded` never exceeds it. */
export interface LoadProgress {
  readonly stage: 'download' | 'compile' | 'plan' | 'ready';
  readonly loaded: number;
  readonly total: number | undefined;
}

export interface CreateOptions {
  /** Number of threads, or `auto`: min(4, cores) when memory can be shared, else 1. Threads that do not start are done without. */
  readonly threads?: number | 'auto';
  readonly wasm?: WasmVariant;
  /** `true` (default): run in a Web Worker (worker_threads in Node). `false`: run on the calling thread. */
  readonly worker?: boolean;
  /**
   * Where the worker script lives, when a bundler or a Content Security Policy needs a say: `lutra/worker`, or
   * `lutra/worker-complete` for networks with rare operators. Only the given script is used.
   */
  readonly workerUrl?: string | URL;
  /**
   * Addresses of the Wasm builds, `lutra/wasm/lutra-simd.wasm` and `lutra/wasm/lutra-relaxed.wasm`, for pages that had rather fetch them
   * than use those inside the scripts. A build without an address comes from the scripts.
   */
  readonly wasmUrl?: Readonly<Partial<Record<Exclude<WasmVariant, 'auto'>, string | URL>>>;
  /**
   * Hash that the model must have, as in `<script integrity>`: `sha256-`, `sha384-` or `sha512-` and the hash in base64. Secure pages only.
   */
  readonly integrity?: string;
  /**
   * Where a model from the web is kept for later visits, then also without a network: the Cache API, the origin private file system, or
   * `none` (default). Where a page may not store, the model is loaded all the same. The copy is used at once if it has the hash that
   * `integrity` states; else the server is asked whether it is current. A damaged copy is fetched anew.
   */
  readonly cache?: 'none' | 'cache-api' | 'opfs';
  /** Sizes for symbolic input dimensions, by symbol name. Unnamed or missing symbols are 1 until `run` says otherwise. */
  readonly dimensions?: Readonly<Record<string, number>>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LoadProgress) => void;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
}

/** Structurally compatible with onnxruntime's Tensor. */
export interface TensorLike {
  readonly type: DataType;
  readonly data: TensorData;
  readonly dims: readonly number[];
}

export type Feeds = Readonly<Record<string, TensorLike>>;
/** Output names, or pre-allocated tensors to be filled (null: allocate). */
export type Fetches = readonly string[] | Readonly<Record<string, TensorLike | null>>;

export interface ValueMetadata {
  readonly name: string;
  readonly type: DataType;
  readonly dims: readonly (number | string)[];
}

/** Facts about how a session runs. */
export interface SessionInfo {
  readonly threads: number;
  readonly wasm: Exclude<WasmVariant, 'auto'>;
  readonly worker: boolean;
  readonly modelBytes: number;
}

/** The public session. Created by `InferenceSession.create(urlOrBytes, options)`. */
export interface InferenceSessionApi {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata: readonly ValueMetadata[];
  readonly outputMetadata: readonly ValueMetadata[];
  /** ModelProto.metadata_props. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly info: SessionInfo;
  /** Runs queue in call order. */
  run(feeds: Feeds, fetches?: Fetches, options?: RunOptions): Promise<Record<string, TensorLike>>;
  /** Runs once with `feeds` and returns the time of every step. */
  profile(feeds: Feeds): Promise<readonly StepProfile[]>;
  /**
   * Runs `runs` times (1 to 100 000) with `feeds`, without a warm-up, and returns the milliseconds of every run: from copying the
   * feeds into the engine's memory to copying the outputs out, on the clock of the thread that runs, so that messages to a worker
   * do not count. As fine as that clock: 0.005 to 0.02 ms on cross-origin isolated pages, 0.1 to 1 ms on others.
   */
  time(feeds: Feeds, runs: number): Promise<readonly number[]>;
  memory(): Promise<MemoryUse>;
  /** Stops workers and drops the memory. Pending runs reject with `RELEASED`. */
  release(): Promise<void>;
}
