import { LutraError } from '../errors.js';
import type { Preprocess } from '../graph/lookup.js';
import { checkAudioPreprocess } from '../speech/spec.js';
import { parsePreprocess } from './preprocess.js';

/**
 * Reads and checks the `lutra.preprocess` metadata entry of a network that takes pictures or sound.
 * @throws {LutraError} `INVALID_MODEL` naming the field that is wrong.
 */
export function readPreprocess(json: string): Preprocess {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new LutraError('INVALID_MODEL', 'metadata lutra.preprocess is not JSON', { cause });
  }
  const kind = (value as { kind?: unknown } | null)?.kind;
  return kind === 'audio' ? checkAudioPreprocess(value) : parsePreprocess(json);
}
