import * as Comlink from 'comlink';
import { CONTROL } from '../engine/control.js';
import { LutraError } from '../errors.js';
import type { Backend } from './backend.js';
import { spawnWorker, workerFailure } from './spawn.js';
import { buffersOf } from './transfer.js';
import type { Reply, WorkerApi } from './worker.js';

/** Runs in a worker. Messages per run: one there, one back. */
export function createRemote(workerUrl: string | URL | undefined): Backend {
  const handle = spawnWorker(workerUrl);
  const api = Comlink.wrap<WorkerApi>(handle.endpoint);
  let control: Int32Array | undefined;
  const failure = new Promise<never>((_, reject) => {
    handle.onFailure((reason) => reject(workerFailure(reason)));
  });
  // Whoever waits for a reply hears of it; nobody else needs to.
  failure.catch(() => {});

  async function receive<T>(reply: Promise<unknown>): Promise<T> {
    const result = (await reply) as Reply<T>;
    if ('error' in result) throw LutraError.from(result.error);
    return result.value;
  }

  return {
    worker: true,
    failure,
    async open(bytes, kernels, options) {
      const facts = await receive<Awaited<ReturnType<Backend['open']>>>(
        api.open(Comlink.transfer(bytes, [bytes.buffer]), kernels, options),
      );
      control = facts.control;
      return facts;
    },
    run(feeds, run, stoppable) {
      return receive(api.run(Comlink.transfer(feeds, buffersOf(feeds)), run, stoppable && !control));
    },
    stop(run) {
      if (control) Atomics.store(control, CONTROL.stop, run);
      else void api.stop(run);
    },
    profile(feeds) {
      return receive(api.profile(Comlink.transfer(feeds, buffersOf(feeds))));
    },
    memory: () => receive(api.memory()),
    terminate: () => handle.terminate(),
    keepAlive: (on) => handle.keepAlive(on),
  };
}
