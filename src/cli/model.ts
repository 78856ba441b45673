import { InferenceSession } from '../index.js';
import { type Given, pick, type Schema } from '../option-schema.js';
import type { ModelFacts } from './preprocess-flags.js';

/** How a model runs. */
export const ENGINE_OPTIONS = {
  threads: {
    kind: 'integer',
    min: 1,
    max: 64,
    otherwise: 'one per core, at most 4',
    flag: '--threads <n>',
    help: 'number of threads',
  },
  wasm: {
    kind: 'choice',
    choices: ['simd', 'relaxed', 'auto'],
    default: 'auto',
    flag: '--wasm <variant>',
    help: 'instructions of the kernels; auto: relaxed where the platform has it',
  },
} as const satisfies Schema;

type EngineValues = Given<typeof ENGINE_OPTIONS>;

/** Opens a session on a model file or address, gives it to `use` and releases it, whatever happens. */
export async function withSession<T>(
  path: string,
  values: EngineValues,
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
