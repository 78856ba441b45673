import type { WasmVariant } from '../engine/types.js';
import type { DataType, TensorData } from '../graph/types.js';
import type { InferenceSession } from './inference-session.js';

/** Progress of a load. `total` is undefined while unknown; `loaded` never exceeds it. */
export interface LoadProgress {
  readonly stage: 'download' | 'compile' | 'plan' | 'ready';
  readonly loaded: number;
  readonly total: number | undefined;
}

export interface CreateOptions {
  /** Number of threads, or `auto`: min(4, cores) when memory can be shared, else 1. The session does without threads that do not start. */
  readonly threads?: number | 'auto';
  readonly wasm?: WasmVariant;
  /** `true` (default): run in a Web Worker (worker_threads in Node). `false`: run on the calling thread. */
  readonly worker?: boolean;
  /**
   * Address of the worker script, for bundlers and Content Security Policies that need it: `lutra/worker`, or
   * `lutra/worker-complete` for networks with rare operators. The session then uses no other script.
   */
  readonly workerUrl?: string | URL;
  /**
   * Addresses of the Wasm builds, `lutra/wasm/lutra-simd.wasm` and `lutra/wasm/lutra-relaxed.wasm`, for pages that want to fetch them.
   * A build without an address comes from the scripts.
   */
  readonly wasmUrl?: Readonly<Partial<Record<Exclude<WasmVariant, 'auto'>, string | URL>>>;
  /**
   * Hash that the model must have, as in `<script integrity>`: `sha256-`, `sha384-` or `sha512-` and the hash in base64. On secure pages only.
   */
  readonly integrity?: string;
  /**
   * Where a model from the web is kept for later visits: the Cache API, the origin private file system, or `none` (default). A kept
   * model also loads without a network. A page that may not store files loads the model all the same. With `integrity`, a copy that has
   * that hash is used at once. Otherwise the server is asked whether the copy is current. A damaged copy is downloaded again.
   */
  readonly cache?: 'none' | 'cache-api' | 'opfs';
  /** Sizes for symbolic input dimensions, by symbol name. Other symbols are 1 until `run` gets feeds with other sizes. */
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

/** What an {@link InferenceSession} offers, for objects that stand in for one. */
export type InferenceSessionApi = Pick<InferenceSession, keyof InferenceSession>;
