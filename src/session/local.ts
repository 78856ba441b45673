import { inlineFunctions } from '../onnx/inline.js';
import { COMPLETE_RUNTIME } from '../plan/complete.js';
import type { Backend } from './backend.js';
import { Service, type SessionFacts } from './service.js';
import { spawnWorker } from './spawn.js';

/** Runs on the calling thread. With a signal attached, runs go in slices. */
export function createLocal(workerUrl: string | URL | undefined): Backend {
  const service = new Service(COMPLETE_RUNTIME, inlineFunctions);
  // Helpers run kernels only.
  const spawn = () => spawnWorker('core', workerUrl);
  return {
    worker: false,
    open: (bytes, kernels, options) => service.open(bytes, kernels, options, spawn) as Promise<SessionFacts>,
    run: (feeds, run, stoppable, fetches) => service.run(feeds, run, stoppable, fetches),
    stop: (run) => service.stop(run),
    profile: async (feeds) => service.profile(feeds),
    time: async (feeds, runs) => service.time(feeds, runs),
    memory: async () => service.memory(),
    terminate: () => service.close(),
    keepAlive() {},
    failure: new Promise(() => {}),
  };
}
