import { InferenceSession } from '../index.js';
import { choice, type Given, integer, pick, type Schema } from '../option-schema.js';
import type { ModelFacts } from './preprocess-flags.js';

/** How a model runs. */
export const ENGINE_OPTIONS = {
  threads: integer('--threads <n>', 'number of threads', { min: 1, max: 64, otherwise: 'one per core, at most 4' }),
  wasm: choice(
    '--wasm <variant>',
    ['simd', 'relaxed', 'auto'],
    'instructions of the kernels; auto: relaxed where the platform has it',
    { default: 'auto' },
  ),
} satisfies Schema;

/** Opens a session on a model file or address, gives it to `use` and releases it, whatever happens. */
export async function withSession<T>(
  path: string,
  values: Given<typeof ENGINE_OPTIONS>,
  use: (session: InferenceSession) => Promise<T>,
): Promise<T> {
  // Nothing else happens in this process, so the network runs on its own thread.
  const session = await InferenceSession.create(path, { worker: false, ...pick(ENGINE_OPTIONS, values) });
  try {
    return await use(session);
  } finally {
    await session.release();
  }
}

export function sessionFacts(session: InferenceSession): ModelFacts {
  return { metadata: session.metadata, dims: session.inputMetadata[0]?.dims };
}
