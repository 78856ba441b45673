import * as Comlink from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { helperApi } from '../engine/threads.js';
import type { MemoryUse, StepProfile } from '../engine/types.js';
import type { Kernels } from '../engine/wasm.js';
import { LutraError } from '../errors.js';
import type { ExpandCalls } from '../onnx/import.js';
import type { Runtime } from '../plan/runtime.js';
import { nodeThreads, portHandle } from './handle.js';
import { type OpenOptions, Service, type SessionFacts, type Values } from './service.js';
import { buffersOf } from './transfer.js';

/** Comlink keeps only the message of an error, so errors travel as values. */
export type Reply<T> = { readonly value: T } | { readonly error: unknown };

/** Says that this worker lacks operators that another one may have, and hands the model back. */
export interface Referral {
  /** As `domain:Operator`, each once. */
  readonly missing: readonly string[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

async function reply<T>(task: () => T | Promise<T>): Promise<Reply<T>> {
  try {
    return { value: await task() };
  } catch (thrown) {
    const { name, message, code, node, expected, actual, hint } = LutraError.from(thrown);
    return { error: { name, message, code, node, expected, actual, hint } };
  }
}

function createApi(service: Service) {
  return {
    ...helperApi,
    /** Makes this worker help whoever has the other end. */
    attach: (port: MessagePort): void => Comlink.expose(helperApi, port),
    /** @param helpers Channels to as many workers as may help. */
    async open(
      bytes: Uint8Array<ArrayBuffer>,
      kernels: Kernels,
      options: OpenOptions,
      helpers: MessagePort[],
    ): Promise<Reply<SessionFacts> | Referral> {
      const result = await reply(() => service.open(bytes, kernels, options, () => portHandle(helpers.pop()!)));
      if ('error' in result || !('missing' in result.value)) return result as Reply<SessionFacts>;
      return Comlink.transfer({ missing: result.value.missing, bytes }, [bytes.buffer]);
    },
    async run(feeds: Values, run: number, sliced: boolean): Promise<Reply<Values>> {
      const result = await reply(() => service.run(feeds, run, sliced));
      return 'value' in result ? Comlink.transfer(result, buffersOf(result.value)) : result;
    },
    stop: (run: number): void => service.stop(run),
    profile: (feeds: Values): Promise<Reply<StepProfile[]>> => reply(() => service.profile(feeds)),
    time: (feeds: Values, runs: number): Promise<Reply<number[]>> => reply(() => service.time(feeds, runs)),
    memory: (): Promise<Reply<MemoryUse>> => reply(() => service.memory()),
  };
}
export type WorkerApi = ReturnType<typeof createApi>;

/**
 * Makes this worker serve one session, or help another worker as a thread.
 *
 * @param expand Given where the runtime is complete, too: a model with other operators is refused instead of referred to another worker.
 */
export function serve(runtime: Runtime, expand?: ExpandCalls): void {
  const threads = nodeThreads();
  const api = createApi(new Service(runtime, expand));
  Comlink.expose(api, threads?.parentPort ? nodeEndpoint(threads.parentPort) : (self as unknown as Comlink.Endpoint));
}
