import { LutraError } from '../errors.js';

const TOKEN = /^(sha256|sha384|sha512)-([\w+/-]+={0,2})(?:\?.*)?$/;

async function digest(algorithm: string, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  // Pages over plain http have no `crypto.subtle`. A check would not help them: who can change the model can change the page.
  if (!globalThis.crypto?.subtle) {
    throw new LutraError('PLATFORM', 'the integrity of a model can be checked on secure pages only', {
      hint: 'Serve the page over https or from localhost',
    });
  }
  const hash = await crypto.subtle.digest(algorithm.replace('sha', 'SHA-'), bytes);
  return btoa(String.fromCharCode(...new Uint8Array(hash)));
}

/** SHA-256 in base64. */
export function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return digest('sha256', bytes);
}

/**
 * Whether the bytes have one of the stated hashes, as in Subresource Integrity (W3C, section 3.3): only hashes of the strongest algorithm
 * count, and one of them must match. Unlike there, a text without a readable hash is an error.
 *
 * @param integrity As in `<script integrity>`: `sha256-`, `sha384-` or `sha512-` and the hash in base64, several separated by spaces.
 * @throws LutraError `INVALID_ARGUMENT`, `PLATFORM`
 */
export async function hasIntegrity(bytes: Uint8Array<ArrayBuffer>, integrity: string): Promise<boolean> {
  const stated = integrity.split(/\s+/).flatMap((token) => {
    const [, algorithm, hash] = TOKEN.exec(token) ?? [];
    return algorithm && hash ? [{ algorithm, hash }] : [];
  });
  const algorithms = stated.map(({ algorithm }) => algorithm);
  const strongest = algorithms.sort().at(-1);
  if (strongest === undefined) {
    throw new LutraError('INVALID_ARGUMENT', '"integrity" holds no hash', {
      expected: 'sha256-, sha384- or sha512- and base64',
      actual: integrity,
    });
  }
  const actual = await digest(strongest, bytes);
  return stated.some(
    ({ algorithm, hash }) =>
      algorithm === strongest &&
      hash.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '') === actual.replace(/=+$/, ''),
  );
}
