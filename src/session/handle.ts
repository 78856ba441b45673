import type { Transferable as NodeTransferable, Worker as NodeWorker } from 'node:worker_threads';
import type { Endpoint } from '../comlink.js';
import type { WorkerHandle } from '../engine/worker-handle.js';

/** Node's module `worker_threads`. Undefined in browsers, and where `Worker` exists. */
export function nodeThreads(): typeof import('node:worker_threads') | undefined {
  if (typeof Worker === 'function') return undefined;
  return globalThis.process?.getBuiltinModule?.('node:worker_threads');
}

export function webHandle(worker: Worker): WorkerHandle {
  return {
    endpoint: worker,
    terminate: () => worker.terminate(),
    onFailure(listener) {
      worker.addEventListener('error', (event) => listener(event.message || 'the worker script did not load'));
      worker.addEventListener('messageerror', () => listener('a message could not be read'));
    },
    keepAlive() {},
  };
}

/** A worker that another thread started and heard from. `port` is one end of a channel to it. */
export function portHandle(port: MessagePort): WorkerHandle {
  return {
    endpoint: port,
    answered: true,
    terminate: () => port.close(),
    onFailure: (listener) => port.addEventListener('messageerror', () => listener('a message could not be read')),
    keepAlive() {},
  };
}

export function nodeHandle(worker: NodeWorker): WorkerHandle {
  return {
    // A worker of Node is no EventTarget. Comlink never removes its listener at this end.
    endpoint: {
      postMessage: (message: unknown, transfer: NodeTransferable[]) => worker.postMessage(message, transfer),
      addEventListener: (_: string, listener: (event: object) => void) =>
        worker.on('message', (data) => listener({ data })),
      removeEventListener() {},
    } as Endpoint,
    terminate: () => void worker.terminate(),
    onFailure(listener) {
      worker.on('error', listener);
      worker.on('exit', (code) => listener(`the worker ended with code ${code}`));
    },
    keepAlive: (on) => (on ? worker.ref() : worker.unref()),
  };
}
