/** Entry of the worker: serves one session, or helps another worker as a thread. */
import * as Comlink from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { helperApi, type WorkerHandle } from '../engine/threads.js';
import type { Kernels } from '../engine/wasm.js';
import { LutraError } from '../errors.js';
import { nodeHandle, nodeThreads, webHandle } from './handle.js';
import { type OpenOptions, Service, type SessionFacts, type Values } from './service.js';
import { buffersOf } from './transfer.js';
import type { MemoryUse, StepProfile } from './types.js';

/** Comlink keeps only the message of an error, so errors travel as values. */
export type Reply<T> = { readonly value: T } | { readonly error: unknown };

const threads = nodeThreads();
/** This script, for helpers. */
const script = threads ? new URL(import.meta.url) : self.location.href;

function spawnHelper(): WorkerHandle {
  return threads
    ? nodeHandle(new threads.Worker(script as URL))
    : webHandle(new Worker(script, { type: 'module', name: 'lutra-helper' }));
}

const service = new Service(spawnHelper);

async function reply<T>(task: () => T | Promise<T>): Promise<Reply<T>> {
  try {
    return { value: await task() };
  } catch (thrown) {
    const { name, message, code, node, expected, actual, hint } = LutraError.from(thrown);
    return { error: { name, message, code, node, expected, actual, hint } };
  }
}

const api = {
  ...helperApi,
  open: (bytes: Uint8Array, kernels: Kernels, options: OpenOptions): Promise<Reply<SessionFacts>> =>
    reply(() => service.open(bytes, kernels, options)),
  async run(feeds: Values, run: number, sliced: boolean): Promise<Reply<Values>> {
    const result = await reply(() => service.run(feeds, run, sliced));
    return 'value' in result ? Comlink.transfer(result, buffersOf(result.value)) : result;
  },
  stop: (run: number): void => service.stop(run),
  profile: (feeds: Values): Promise<Reply<StepProfile[]>> => reply(() => service.profile(feeds)),
  memory: (): Promise<Reply<MemoryUse>> => reply(() => service.memory()),
};
export type WorkerApi = typeof api;

Comlink.expose(api, threads?.parentPort ? nodeEndpoint(threads.parentPort) : (self as unknown as Comlink.Endpoint));
