import type { WorkerHandle } from '../engine/threads.js';
import { LutraError } from '../errors.js';
import { nodeHandle, nodeThreads, webHandle } from './handle.js';

/** Not written in place: bundlers would take it for an asset of the page. */
const here = import.meta.url;

/**
 * Starts the worker script: a Web Worker, or a thread in Node.
 *
 * @param url Where the script lives instead of beside this module.
 * @throws LutraError `PLATFORM`
 */
export function spawnWorker(url?: string | URL): WorkerHandle {
  const threads = nodeThreads();
  try {
    if (threads) return nodeHandle(new threads.Worker(new URL(url ?? './worker.js', here)));
    return webHandle(
      url === undefined
        ? new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
        : new Worker(url, { type: 'module' }),
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
