import type { WasmVariant } from '../engine/types.js';
import { InferenceSession } from '../index.js';
import type { CreateOptions } from '../session/types.js';
import type { Arguments, Flag } from './arguments.js';
import type { ModelFacts } from './preprocess-flags.js';

/** Flags that say how a model runs. */
export const ENGINE_FLAGS: readonly Flag[] = [
  { name: 'threads', value: '<n>', help: 'number of threads (default: one per core, at most 4)' },
  { name: 'wasm', value: '<variant>', help: 'simd or relaxed (default: relaxed where the platform has it)' },
];

export function engineOptions(args: Arguments): CreateOptions {
  const threads = args.integer('threads', 1, 64);
  const wasm = args.choice<WasmVariant>('wasm', ['auto', 'simd', 'relaxed']);
  // Nothing else happens in this process, so the network runs on its own thread.
  return { worker: false, ...(threads ? { threads } : {}), ...(wasm ? { wasm } : {}) };
}

/** Opens a session on a model file or address, gives it to `use` and releases it, whatever happens. */
export async function withSession<T>(
  path: string,
  args: Arguments,
  use: (session: InferenceSession) => Promise<T>,
): Promise<T> {
  const session = await InferenceSession.create(path, engineOptions(args));
  try {
    return await use(session);
  } finally {
    await session.release();
  }
}

export function sessionFacts(session: InferenceSession): ModelFacts {
  return { metadata: session.metadata, dims: session.inputMetadata[0]?.dims };
}
