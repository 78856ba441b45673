import type { WorkerHandle } from '../engine/worker-handle.js';
import { LutraError } from '../errors.js';
import { nodeHandle, nodeThreads, webHandle } from './handle.js';

/** A variable of its own, because bundlers take `new URL(…, import.meta.url)` for an asset of the page. */
const here = import.meta.url;

/** Which operators a worker script brings: those of `src/ops/core.ts`, or all. */
export type OperatorSet = 'core' | 'complete';

/**
 * Starts a worker script: a Web Worker, or a worker thread in Node. Node downloads nothing, so it always uses the complete script.
 *
 * @param url Address of the script. Default: beside this module.
 * @throws LutraError `PLATFORM`
 */
export function spawnWorker(operators: OperatorSet, url?: string | URL): WorkerHandle {
  const threads = nodeThreads();
  try {
    if (threads) return nodeHandle(new threads.Worker(new URL(url ?? './worker-complete.js', here)));
    if (url !== undefined) return webHandle(new Worker(url, { type: 'module' }));
    // Bundlers find worker scripts by this exact expression with a literal name.
    return webHandle(
      operators === 'core'
        ? new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
        : new Worker(new URL('./worker-complete.js', import.meta.url), { type: 'module' }),
    );
  } catch (cause) {
    throw workerFailure(cause);
  }
}

export function workerFailure(cause: unknown): LutraError {
  return new LutraError(
    'PLATFORM',
    `the worker could not be started: ${cause instanceof Error ? cause.message : cause}`,
    {
      hint: 'Allow it in the Content Security Policy (worker-src), say where it lives with "workerUrl", or pass worker: false',
      cause,
    },
  );
}
