import type { Endpoint } from '../comlink.js';

/** A worker of a browser or of Node, or a port to one. */
export interface WorkerHandle {
  readonly endpoint: Endpoint;
  /** Set when another thread has heard from the worker already: see {@link answers}. */
  readonly answered?: true;
  terminate(): void;
  /** Calls `listener` when the worker could not start or died. */
  onFailure(listener: (reason: unknown) => void): void;
  /** In Node: whether the worker keeps the process alive. */
  keepAlive(on: boolean): void;
}

/** How long a helper may take to answer. Some browsers never start it, and then the session must still load. */
const START_MILLISECONDS = 8_000;

/** Whether the helper runs: true when it answers, false when it fails or takes too long. */
export async function answers(handle: WorkerHandle, api: { ping(): Promise<void> }): Promise<boolean> {
  let limit: ReturnType<typeof setTimeout> | undefined;
  const runs = await new Promise<boolean>((resolve) => {
    limit = setTimeout(resolve, START_MILLISECONDS, false);
    handle.onFailure(() => resolve(false));
    void api.ping().then(() => resolve(true));
  });
  clearTimeout(limit);
  if (runs) handle.keepAlive(false);
  return runs;
}
