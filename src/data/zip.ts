import { unzipSync } from 'fflate';
import { LutraError } from '../errors.js';
import { type EncodedFile, isHiddenPath } from './folder.js';

/**
 * Unpacks a zip archive, without files that file managers and archivers add. `name` is used in messages.
 * @throws {LutraError} `INVALID_DATA` when the archive is damaged.
 */
export function readZip(bytes: Uint8Array, name: string): EncodedFile[] {
  try {
    const files = unzipSync(bytes, { filter: (file) => !file.name.endsWith('/') && !isHiddenPath(file.name) });
    return Object.entries(files).map(([path, data]) => ({ path, read: async () => data }));
  } catch (cause) {
    throw new LutraError('INVALID_DATA', `${name} is not a readable zip archive`, { cause });
  }
}
