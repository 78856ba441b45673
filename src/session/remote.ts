import { moved, type Remote, transfer, wrap } from '../comlink.js';
import { CONTROL, wake } from '../engine/control.js';
import { canShareMemory } from '../engine/features.js';
import type { WorkerHandle } from '../engine/worker-handle.js';
import { LutraError } from '../errors.js';
import type { Backend } from './backend.js';
import { startHelper } from './helper.js';
import type { WorkerApi } from './serve.js';
import { type OperatorSet, spawnWorker, workerFailure } from './spawn.js';

/**
 * Runs the network in a worker. A run takes two messages: the feeds go to the worker, the outputs come back.
 *
 * @param threads Number of threads, with the worker itself.
 */
export function createRemote(workerUrl: string | URL | undefined, threads: number): Backend {
  let handle: WorkerHandle;
  let api: Remote<WorkerApi>;
  let control: Int32Array | undefined;
  let fail: (reason: LutraError) => void;
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // Calls that wait are told through `failure`. Without such calls the rejection is not an error.
  failure.catch(() => {});

  function start(operators: OperatorSet): void {
    const started = spawnWorker(operators, workerUrl);
    handle = started;
    api = wrap<WorkerApi>(started.endpoint);
    started.onFailure((reason) => {
      if (handle === started) fail(workerFailure(reason));
    });
  }
  start('core');
  const helpers = Array.from({ length: canShareMemory() ? threads - 1 : 0 }, () => startHelper(workerUrl));

  const open: Backend['open'] = async (bytes, kernels, options) => {
    const started = await Promise.all(helpers.map((helper) => helper.started));
    const ports = helpers.filter((_, index) => started[index]).map((helper) => helper.connect());
    const settings = { ...options, threads: ports.length + 1, stay: workerUrl !== undefined };
    const opened = await api.open(moved(bytes), kernels, settings, transfer(ports, ports));
    if ('missing' in opened) {
      if (workerUrl !== undefined) {
        throw new LutraError('UNSUPPORTED', `the worker at "workerUrl" lacks ${opened.missing.join(', ')}`, {
          hint: 'Point "workerUrl" to lutra/worker-complete',
        });
      }
      const core = handle;
      start('complete');
      core.terminate();
      return open(opened.bytes, kernels, options);
    }
    control = opened.control;
    return opened;
  };

  return {
    worker: true,
    failure,
    open,
    run(feeds, run, stoppable, fetches) {
      const outputs = api.run(moved(feeds), run, stoppable && !control, fetches);
      // The helpers wake while the message travels. If the first thread woke them, the system might put a helper on that thread's
      // processor, which delays both.
      if (control) wake(control);
      return outputs;
    },
    stop(run) {
      if (control) Atomics.store(control, CONTROL.stop, run);
      else void api.stop(run);
    },
    profile: (feeds) => api.profile(moved(feeds)),
    time: (feeds, runs) => api.time(moved(feeds), runs),
    memory: () => api.memory(),
    terminate() {
      for (const worker of [handle, ...helpers]) worker.terminate();
    },
    keepAlive: (on) => handle.keepAlive(on),
  };
}
