import { LutraError } from '../errors.js';

/**
 * Fetches an image or a recording.
 *
 * @throws LutraError `LOAD_FAILED`
 */
export async function fetchBlob(url: string | URL): Promise<Blob> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new LutraError('LOAD_FAILED', `${url} could not be fetched`, { cause });
  });
  if (!response.ok) throw new LutraError('LOAD_FAILED', `${url} answered ${response.status} ${response.statusText}`);
  return response.blob();
}
