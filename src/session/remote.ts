import * as Comlink from 'comlink';
import { CONTROL, wake } from '../engine/control.js';
import { canShareMemory } from '../engine/features.js';
import type { WorkerHandle } from '../engine/threads.js';
import { LutraError } from '../errors.js';
import type { Backend } from './backend.js';
import { startHelper } from './helper.js';
import type { Reply, WorkerApi } from './serve.js';
import type { Values } from './service.js';
import { type OperatorSet, spawnWorker, workerFailure } from './spawn.js';
import { buffersOf } from './transfer.js';

/**
 * Runs in a worker. Messages per run: one there, one back.
 *
 * @param threads That worker included.
 */
export function createRemote(workerUrl: string | URL | undefined, threads: number): Backend {
  let handle: WorkerHandle;
  let api: Comlink.Remote<WorkerApi>;
  let control: Int32Array | undefined;
  let fail: (reason: LutraError) => void;
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // Whoever waits for a reply hears of it; nobody else needs to.
  failure.catch(() => {});

  function start(operators: OperatorSet): void {
    const started = spawnWorker(operators, workerUrl);
    handle = started;
    api = Comlink.wrap<WorkerApi>(started.endpoint);
    started.onFailure((reason) => {
      if (handle === started) fail(workerFailure(reason));
    });
  }
  start('core');
  const helpers = Array.from({ length: canShareMemory() ? threads - 1 : 0 }, () => startHelper(workerUrl));

  async function receive<T>(reply: Promise<unknown>): Promise<T> {
    const result = (await reply) as Reply<T>;
    if ('error' in result) throw LutraError.from(result.error);
    return result.value;
  }

  const open: Backend['open'] = async (bytes, kernels, options) => {
    const started = await Promise.all(helpers.map((helper) => helper.started));
    const ports = helpers.filter((_, index) => started[index]).map((helper) => helper.connect());
    const reply = await api.open(
      Comlink.transfer(bytes, [bytes.buffer]),
      kernels,
      { ...options, threads: ports.length + 1 },
      Comlink.transfer(ports, ports),
    );
    if ('missing' in reply) {
      if (workerUrl !== undefined) {
        throw new LutraError('UNSUPPORTED', `the worker at "workerUrl" lacks ${reply.missing.join(', ')}`, {
          hint: 'Point "workerUrl" to lutra/worker-complete',
        });
      }
      const core = handle;
      start('complete');
      core.terminate();
      return open(reply.bytes, kernels, options);
    }
    const facts = await receive<Awaited<ReturnType<Backend['open']>>>(Promise.resolve(reply));
    control = facts.control;
    return facts;
  };

  return {
    worker: true,
    failure,
    open,
    run(feeds, run, stoppable) {
      const reply = receive<Values>(api.run(Comlink.transfer(feeds, buffersOf(feeds)), run, stoppable && !control));
      // Now, while the message travels. Left to the first thread, a helper may land on that one's processor and hold it up.
      if (control) wake(control);
      return reply;
    },
    stop(run) {
      if (control) Atomics.store(control, CONTROL.stop, run);
      else void api.stop(run);
    },
    profile(feeds) {
      return receive(api.profile(Comlink.transfer(feeds, buffersOf(feeds))));
    },
    time(feeds, runs) {
      return receive(api.time(Comlink.transfer(feeds, buffersOf(feeds)), runs));
    },
    memory: () => receive(api.memory()),
    terminate() {
      for (const worker of [handle, ...helpers]) worker.terminate();
    },
    keepAlive: (on) => handle.keepAlive(on),
  };
}
