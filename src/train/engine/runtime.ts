import { LutraError } from '../../errors.js';
import type { DataType, Graph, TensorData, TensorValue } from '../../graph/types.js';
import { serializeModel } from '../../onnx/serialize.js';

/** The part of onnxruntime's API that training needs; onnxruntime-node and onnxruntime-web have it alike. */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(model: Uint8Array, options: Readonly<Record<string, unknown>>): Promise<OnnxSession>;
  };
  readonly Tensor: new (type: DataType, data: TensorData, dims: readonly number[]) => OnnxTensor;
}

interface OnnxTensor {
  readonly type: DataType;
  readonly data: TensorData;
  readonly dims: readonly number[];
}

export interface OnnxSession {
  run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Readonly<Record<string, OnnxTensor>>>;
  release(): Promise<void>;
}

/** One thread: micro-batches are the unit of parallelism. */
const SESSION_OPTIONS = {
  executionProviders: ['cpu'],
  executionMode: 'sequential',
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  graphOptimizationLevel: 'all',
  logSeverityLevel: 3,
} as const;

export type RuntimeKind = 'node' | 'web';

export function defaultRuntime(): RuntimeKind {
  return globalThis.process?.versions?.node ? 'node' : 'web';
}

/** @throws LutraError `PLATFORM` with the command to install it when the package is missing. */
export async function loadRuntime(kind: RuntimeKind = defaultRuntime()): Promise<OnnxRuntime> {
  try {
    if (kind === 'node') return (await import('onnxruntime-node')) as unknown as OnnxRuntime;
    const web = await import('onnxruntime-web/wasm');
    // A setting of the whole runtime there, not of a session.
    web.env.wasm.numThreads = SESSION_OPTIONS.intraOpNumThreads;
    return web as unknown as OnnxRuntime;
  } catch (cause) {
    throw new LutraError('PLATFORM', `training needs the package "onnxruntime-${kind}", which could not be loaded`, {
      hint: `Run: npm install onnxruntime-${kind}${kind === 'node' ? ' --ignore-scripts' : ''}`,
      cause,
    });
  }
}

/** A graph of standard operators that onnxruntime executes. */
export interface GraphRunner {
  run(feeds: ReadonlyMap<string, TensorValue>): Promise<Map<string, TensorValue>>;
  release(): Promise<void>;
}

/** Values as the runtime takes them. */
export function toTensors(runtime: OnnxRuntime, feeds: Iterable<readonly [string, TensorValue]>) {
  const tensors: Record<string, OnnxTensor> = {};
  for (const [name, { type, data, dims }] of feeds) tensors[name] = new runtime.Tensor(type, data, dims);
  return tensors;
}

/** Runs any graph with onnxruntime on this thread, e.g. a dense network for its logits. */
export async function createGraphRunner(graph: Graph, kind?: RuntimeKind): Promise<GraphRunner> {
  const runtime = await loadRuntime(kind);
  const session = await createSession(runtime, serializeModel(graph), kind);
  return {
    async run(feeds) {
      const results = await session.run(toTensors(runtime, feeds));
      return new Map(
        Object.entries(results).map(([name, { type, data, dims }]) => [name, { type, data, dims } as TensorValue]),
      );
    },
    release: () => session.release(),
  };
}

export function sessionOptions(kind: RuntimeKind = defaultRuntime()): Readonly<Record<string, unknown>> {
  return { ...SESSION_OPTIONS, executionProviders: [kind === 'node' ? 'cpu' : 'wasm'] };
}

export async function createSession(runtime: OnnxRuntime, model: Uint8Array, kind?: RuntimeKind): Promise<OnnxSession> {
  try {
    return await runtime.InferenceSession.create(model, sessionOptions(kind));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause;
    throw new LutraError('UNSUPPORTED', `onnxruntime refuses the graph: ${reason}`, { cause });
  }
}
