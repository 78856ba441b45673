import { randomBytes } from 'node:crypto';
import { open, readFile, rename, unlink } from 'node:fs/promises';
import { LutraError } from '../errors.js';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.js';

/**
 * Writes a whole file or leaves the old one as it is: a temporary file beside it, flushed to the disk, takes its name.
 * @throws LutraError `INVALID_ARGUMENT` when it cannot be written (no space, no folder, no permission); the old file is kept
 */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await unlink(temporary).catch(() => {});
    throw new LutraError('INVALID_ARGUMENT', `${path} cannot be written: ${(cause as Error).message}`, {
      hint: 'What was there before is unchanged',
      cause,
    });
  }
}

export async function saveCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  await writeWhole(path, encodeCheckpoint(checkpoint));
}

/** @throws LutraError `INVALID_DATA` when the file cannot be read or is no checkpoint */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const bytes = await readFile(path).catch((cause: Error) => {
    throw new LutraError('INVALID_DATA', `checkpoint ${path} cannot be read: ${cause.message}`, { cause });
  });
  return decodeCheckpoint(bytes, path);
}
