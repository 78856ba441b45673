import { access, constants, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LutraError } from '../errors.js';

/** @throws LutraError `INVALID_ARGUMENT` */
export async function writeOutput(path: string, bytes: Uint8Array): Promise<void> {
  await orRefuse(path, writeFile(path, bytes));
}

/**
 * Checks before minutes of work that their result can be written.
 *
 * @throws LutraError `INVALID_ARGUMENT` when nothing can be written beside `path`
 */
export async function checkFolder(path: string): Promise<void> {
  await orRefuse(path, access(dirname(path), constants.W_OK));
}

async function orRefuse(path: string, work: Promise<void>): Promise<void> {
  await work.catch((cause: Error) => {
    throw new LutraError('INVALID_ARGUMENT', `${path} cannot be written: ${cause.message}`, { cause });
  });
}
