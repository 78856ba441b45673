import type { Worker as NodeWorker } from 'node:worker_threads';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { WorkerHandle } from '../engine/threads.js';

/** Node's module of threads; undefined in browsers. */
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

/** A worker that another thread started, at the other end of a channel. */
export function portHandle(port: MessagePort): WorkerHandle {
  return {
    endpoint: port,
    terminate: () => port.close(),
    onFailure: (listener) => port.addEventListener('messageerror', () => listener('a message could not be read')),
    keepAlive() {},
  };
}

export function nodeHandle(worker: NodeWorker): WorkerHandle {
  return {
    endpoint: nodeEndpoint(worker),
    terminate: () => void worker.terminate(),
    onFailure(listener) {
      worker.on('error', listener);
      worker.on('exit', (code) => listener(`the worker ended with code ${code}`));
    },
    keepAlive: (on) => (on ? worker.ref() : worker.unref()),
  };
}
