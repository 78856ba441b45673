import type { Backend } from './backend.js';
import { Service } from './service.js';
import { spawnWorker } from './spawn.js';

/** Runs on the calling thread. With a signal attached, runs go in slices. */
export function createLocal(workerUrl: string | URL | undefined): Backend {
  const service = new Service(() => spawnWorker(workerUrl));
  return {
    worker: false,
    open: (bytes, kernels, options) => service.open(bytes, kernels, options),
    run: (feeds, run, stoppable) => service.run(feeds, run, stoppable),
    stop: (run) => service.stop(run),
    profile: async (feeds) => service.profile(feeds),
    memory: async () => service.memory(),
    terminate: () => service.close(),
    keepAlive() {},
    failure: new Promise(() => {}),
  };
}
