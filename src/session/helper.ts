import { transfer, wrap } from '../comlink.js';
import { answers } from '../engine/worker-handle.js';
import type { WorkerApi } from './serve.js';
import { spawnWorker } from './spawn.js';

/** A thread that the page starts for the session's worker. */
export interface Helper {
  /** Whether its script runs. */
  readonly started: Promise<boolean>;
  /** Opens a channel to the helper. The port is to be moved to the session's worker. */
  connect(): MessagePort;
  terminate(): void;
}

/**
 * Starts a helper from the page. The session's worker must not do it: in Firefox the constructor of a worker inside a worker
 * sometimes never returns (seen in ESR 153, about one page load in thirty).
 *
 * @throws LutraError `PLATFORM`
 */
export function startHelper(workerUrl: string | URL | undefined): Helper {
  // A helper runs kernels only, so the core worker is enough.
  const handle = spawnWorker('core', workerUrl);
  const api = wrap<WorkerApi>(handle.endpoint);
  return {
    started: answers(handle, api),
    connect() {
      const { port1, port2 } = new MessageChannel();
      void api.attach(transfer(port1, [port1]));
      return port2;
    },
    terminate: () => handle.terminate(),
  };
}
