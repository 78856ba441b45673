import { type Endpoint, expose, moved } from '../comlink.js';
import { helperApi } from '../engine/threads.js';
import type { MemoryUse, StepProfile } from '../engine/types.js';
import type { Kernels } from '../engine/wasm.js';
import type { ExpandCalls } from '../onnx/import.js';
import type { Runtime } from '../plan/runtime.js';
import { nodeThreads, portHandle } from './handle.js';
import { type MissingOperators, type OpenOptions, Service, type SessionFacts, type Values } from './service.js';

/** The answer of a worker that lacks operators. It gives the model back, for a worker that may have them. */
export interface Referral extends MissingOperators {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

function createApi(service: Service) {
  return {
    ...helperApi,
    /** Lets another worker use this one as a helper thread. `port` leads to that worker. */
    attach: (port: MessagePort): void => expose(helperApi, port),
    /** @param helpers One port per helper that has started. */
    async open(
      bytes: Uint8Array<ArrayBuffer>,
      kernels: Kernels,
      options: OpenOptions,
      helpers: MessagePort[],
    ): Promise<SessionFacts | Referral> {
      const opened = await service.open(bytes, kernels, options, () => portHandle(helpers.pop()!));
      return 'missing' in opened ? moved({ ...opened, bytes }) : opened;
    },
    run: async (feeds: Values, run: number, sliced: boolean, fetches: readonly string[]): Promise<Values> =>
      moved(await service.run(feeds, run, sliced, fetches)),
    stop: (run: number): void => service.stop(run),
    profile: (feeds: Values): StepProfile[] => service.profile(feeds),
    time: (feeds: Values, runs: number): number[] => service.time(feeds, runs),
    memory: (): MemoryUse => service.memory(),
  };
}
export type WorkerApi = ReturnType<typeof createApi>;

/**
 * Makes this worker serve one session, or help another worker as a thread.
 *
 * @param expand Given only in a worker with all operators. Such a worker refuses a model with unknown operators. A worker without `expand`
 *   gives the model back.
 */
export function serve(runtime: Runtime, expand?: ExpandCalls): void {
  expose(createApi(new Service(runtime, expand)), (nodeThreads()?.parentPort ?? undefined) as Endpoint | undefined);
}
