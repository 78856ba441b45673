import { readFile } from 'node:fs/promises';
import { LutraError } from '../errors.js';
import { InferenceSession } from '../index.js';
import type { CreateOptions, WasmVariant } from '../session/types.js';
import type { Arguments, Flag } from './arguments.js';
import type { ModelFacts } from './preprocess-flags.js';

/** Flags that say how a model runs. */
export const ENGINE_FLAGS: readonly Flag[] = [
  { name: 'threads', value: '<n>', help: 'number of threads (default: one per core, at most 4)' },
  { name: 'wasm', value: '<variant>', help: 'simd or relaxed (default: relaxed where the platform has it)' },
];

/**
 * Reads a model file.
 * @throws {LutraError} `LOAD_FAILED` when it cannot be read or is HTML.
 */
export async function readModel(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((cause: Error) => {
    throw new LutraError('LOAD_FAILED', `${path} cannot be read: ${cause.message}`, { cause });
  });
  if (bytes.length === 0) throw new LutraError('LOAD_FAILED', `${path} is empty`);
  if (/^\s*<(!doctype|html|\?xml)/i.test(bytes.toString('latin1', 0, 256))) {
    throw new LutraError('LOAD_FAILED', `${path} is an HTML page, not an ONNX model`, {
      hint: 'The download probably failed; fetch the file again',
    });
  }
  return bytes;
}

export function engineOptions(args: Arguments): CreateOptions {
  const threads = args.integer('threads', 1, 64);
  const wasm = args.choice<WasmVariant>('wasm', ['auto', 'simd', 'relaxed']);
  return { ...(threads ? { threads } : {}), ...(wasm ? { wasm } : {}) };
}

/** Opens a session on a model file, gives it to `use` and releases it, whatever happens. */
export async function withSession<T>(
  path: string,
  args: Arguments,
  use: (session: InferenceSession) => Promise<T>,
): Promise<T> {
  const session = await InferenceSession.create(await readModel(path), engineOptions(args));
  try {
    return await use(session);
  } finally {
    await session.release();
  }
}

export function sessionFacts(session: InferenceSession): ModelFacts {
  return { metadata: session.metadata, dims: session.inputMetadata[0]?.dims };
}
