import type { TensorLike, WasmVariant } from '../../src/index.js';

/** What can be measured; each runs one form of a network. */
export type EngineId = 'lutra' | 'lutra-dense' | 'ort-f32' | 'ort-int8' | 'tfjs' | 'litert';

/** The files of one network: lookup layers, the float32 original, the original in int8, the original for TensorFlow Lite. */
export type ModelForm = 'lut' | 'dense' | 'int8' | 'tflite';

/** An engine and how it is to run. */
export interface Contender {
  readonly engine: EngineId;
  readonly threads: number;
  /** Lutra's Wasm build; the peers choose theirs. */
  readonly wasm: WasmVariant;
  /** Address of a file of its own. Default: the network's file in the form of the engine. */
  readonly file?: string | undefined;
}

export type Tensors = Readonly<Record<string, TensorLike>>;

export interface OpenOptions extends Omit<Contender, 'engine'> {
  /** Whether the engine runs in a worker of its own. Otherwise the page runs it, as in a user's page. */
  readonly inWorker: boolean;
}

/** A network that an engine has loaded. */
export interface EngineSession {
  /** Threads that compute, and the engine's own name for its Wasm build where it tells. */
  readonly threads: number;
  readonly build: string;
  run(feeds: Tensors): Promise<Tensors>;
  /** Bytes of Wasm memory, where the engine runs out of this thread's sight. */
  memory?(): Promise<number>;
}

/** Makes an engine run a model; one module per engine, so that a page downloads only what it measures. */
export interface Adapter {
  /** @param model address of the file, or its bytes */
  open(model: string | Uint8Array<ArrayBuffer>, options: OpenOptions): Promise<EngineSession>;
}
