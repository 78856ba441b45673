import type { Graph } from '../graph/types.js';
import type { Runtime } from '../plan/runtime.js';
import { type CoreOptions, ExecutorCore } from './core.js';
import { checkFeeds } from './feeds.js';
import type { WasmVariant } from './types.js';
import { loadKernels } from './wasm.js';

export interface ExecutorOptions extends CoreOptions {
  readonly wasm?: WasmVariant;
}

/** Runs graphs on this thread: {@link ExecutorCore} with kernels loaded by itself. Sessions load them outside of the worker. */
export type Executor = ExecutorCore;

export const Executor = {
  /**
   * Compiles the kernels, optimizes the model and plans for the declared input shapes.
   *
   * @throws LutraError `PLATFORM`, `UNSUPPORTED`, `INVALID_MODEL`, `INVALID_ARGUMENT`, `OUT_OF_MEMORY`.
   */
  async create(model: Graph, runtime: Runtime, options: ExecutorOptions = {}): Promise<Executor> {
    const { wasm = 'auto', threads = 1, ...rest } = options;
    return ExecutorCore.start(model, runtime, await loadKernels(wasm, threads), {
      threads,
      check: checkFeeds,
      ...rest,
    });
  },
};
