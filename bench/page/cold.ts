/** One engine and one network on a fresh page, as its users would load them: `cold.html#{"engine":…}`. */
import { loadAdapter } from '../measure/adapters.js';
import { exampleFeeds, type InputSpec } from '../measure/network.js';
import type { EngineId } from '../measure/types.js';
import { ALL_ADAPTERS } from './adapters.js';

export interface ColdRequest {
  readonly engine: EngineId;
  readonly model: string;
  readonly inputs: readonly InputSpec[];
  readonly threads: number;
}

export interface ColdReply {
  /** Milliseconds from navigation to the first answer. */
  readonly milliseconds?: number;
  readonly error?: string;
}

declare global {
  interface Window {
    /** undefined until the first answer is there. */
    cold: ColdReply | undefined;
  }
}

async function answer(): Promise<ColdReply> {
  const { engine, model, inputs, threads } = JSON.parse(decodeURIComponent(location.hash.slice(1))) as ColdRequest;
  const adapter = await loadAdapter(ALL_ADAPTERS, engine);
  const session = await adapter.open(model, { threads, wasm: 'auto', inWorker: false });
  await session.run(exampleFeeds(inputs));
  return { milliseconds: performance.now() };
}

answer().then(
  (reply) => {
    window.cold = reply;
  },
  (thrown: unknown) => {
    window.cold = { error: String(thrown) };
  },
);
