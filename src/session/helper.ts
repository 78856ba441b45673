import * as Comlink from 'comlink';
import type { WorkerApi } from './serve.js';
import { spawnWorker } from './spawn.js';

/** Helpers that have not answered by then do not count: a load must not hang on a browser that does not start them. */
const START_MILLISECONDS = 8_000;

/** A thread that the session's worker can use, started by the page. */
export interface Helper {
  /** Whether its script runs. */
  readonly started: Promise<boolean>;
  /** The end of a new channel to it, to be moved to the session's worker. */
  connect(): MessagePort;
  terminate(): void;
}

/**
 * Starts a helper. Not left to the session's worker: in Firefox the constructor of a worker inside a worker sometimes never returns
 * (seen in ESR 153, about one page load in thirty).
 *
 * @throws LutraError `PLATFORM`
 */
export function startHelper(workerUrl: string | URL | undefined): Helper {
  // Kernels are all that a helper runs.
  const handle = spawnWorker('core', workerUrl);
  const api = Comlink.wrap<WorkerApi>(handle.endpoint);
  const started = new Promise<boolean>((resolve) => {
    const limit = setTimeout(resolve, START_MILLISECONDS, false);
    const settle = (runs: boolean): void => {
      clearTimeout(limit);
      resolve(runs);
    };
    handle.onFailure(() => settle(false));
    void api.ping().then(() => {
      settle(true);
      handle.keepAlive(false);
    });
  });
  return {
    started,
    connect() {
      const { port1, port2 } = new MessageChannel();
      void api.attach(Comlink.transfer(port1, [port1]));
      return port2;
    },
    terminate: () => handle.terminate(),
  };
}
