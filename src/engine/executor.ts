import type { Graph } from '../graph/types.js';
import { type CoreOptions, ExecutorCore } from './core.js';
import type { WasmVariant } from './types.js';
import { loadKernels } from './wasm.js';

export interface ExecutorOptions extends CoreOptions {
  readonly wasm?: WasmVariant;
}

/** Runs graphs on this thread: {@link ExecutorCore} with kernels loaded by itself. Sessions load them outside of the worker. */
export type Executor = ExecutorCore;

export const Executor = {
  /**
   * Compiles the kernels and plans for the declared input shapes.
   *
   * @param graph An optimized graph.
   * @throws LutraError `PLATFORM`, `UNSUPPORTED`, `INVALID_MODEL`, `INVALID_ARGUMENT`, `OUT_OF_MEMORY`.
   */
  async create(graph: Graph, options: ExecutorOptions = {}): Promise<Executor> {
    const { wasm = 'auto', threads = 1, ...rest } = options;
    return ExecutorCore.start(graph, await loadKernels(wasm, threads), { threads, ...rest });
  },
};
