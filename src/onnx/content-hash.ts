import { LutraError } from '../errors.js';
import { METADATA } from '../graph/metadata.js';
import { WIRE, WireReader } from './wire-reader.js';

/** Field number of ModelProto.metadata_props (onnx.proto). */
const METADATA_FIELD = 14;

/** SHA-256, in hex, of a model file without its `lutra.sha256` entry. */
export async function contentHash(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', splitHash(bytes).content);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Compares the hash that a file states with its content.
 *
 * @returns `absent` when the file states none
 * @throws LutraError `INVALID_MODEL` when the bytes are not a protobuf message
 */
export async function verifyContentHash(bytes: Uint8Array): Promise<'match' | 'mismatch' | 'absent'> {
  const { stated } = splitHash(bytes);
  if (stated === undefined) return 'absent';
  return stated.toLowerCase() === (await contentHash(bytes)) ? 'match' : 'mismatch';
}

/** Cuts the hash entry out of the encoded message: whatever wrote the other fields, their bytes stay as they are. */
function splitHash(bytes: Uint8Array): { content: Uint8Array<ArrayBuffer>; stated: string | undefined } {
  const kept: Uint8Array[] = [];
  let stated: string | undefined;
  try {
    const reader = new WireReader(bytes);
    while (reader.pos < reader.length) {
      const start = reader.pos;
      const [field, wireType] = reader.tag();
      const isEntry = field === METADATA_FIELD && wireType === WIRE.bytes;
      const entry = isEntry ? readEntry(reader.bytes()) : undefined;
      if (!isEntry) reader.skip(wireType);
      if (entry?.key === METADATA.sha256) stated = entry.value;
      else kept.push(bytes.subarray(start, reader.pos));
    }
  } catch (cause) {
    throw new LutraError('INVALID_MODEL', 'the bytes are not an ONNX model, or the file is damaged', { cause });
  }
  const content = new Uint8Array(kept.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of kept) {
    content.set(part, offset);
    offset += part.length;
  }
  return { content, stated };
}

/** StringStringEntryProto: key = 1, value = 2. */
function readEntry(bytes: Uint8Array): { key: string; value: string } {
  const reader = new WireReader(bytes);
  const entry = { key: '', value: '' };
  while (reader.pos < reader.length) {
    const [field, wireType] = reader.tag();
    if (field === 1) entry.key = reader.string();
    else if (field === 2) entry.value = reader.string();
    else reader.skip(wireType);
  }
  return entry;
}
