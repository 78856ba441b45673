import { LutraError } from '../errors.js';

const BLOCK = 512;

/** A regular file inside a tar archive. `data` is a view of the archive. */
export interface TarEntry {
  readonly path: string;
  readonly data: Uint8Array;
}

const decoder = new TextDecoder();

function text(block: Uint8Array, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return decoder.decode(end < 0 ? field : field.subarray(0, end));
}

/** Octal digits, or a big-endian number when the top bit is set (GNU, for files of 8 GiB and more). */
function number(block: Uint8Array, start: number, length: number): number {
  if (block[start]! & 0x80) {
    let value = block[start]! & 0x7f;
    for (let i = 1; i < length; i++) value = value * 256 + block[start + i]!;
    return value;
  }
  const digits = text(block, start, length).trim();
  return digits === '' ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

/** True when the bytes start with a tar header: its checksum is the sum of its bytes with the checksum field blank. */
export function isTarHeader(bytes: Uint8Array): boolean {
  if (bytes.length < BLOCK) return false;
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += bytes[i]!;
  return number(bytes, 148, 8) === sum;
}

/** `path` of a pax extended header, whose records are `"<length> <key>=<value>\n"`. */
function paxPath(data: Uint8Array): string | undefined {
  let path: string | undefined;
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at);
    const length = space < 0 ? 0 : Number(decoder.decode(data.subarray(at, space)));
    if (!Number.isInteger(length) || length <= space - at) return path;
    const [key, ...value] = decoder.decode(data.subarray(space + 1, at + length - 1)).split('=');
    if (key === 'path') path = value.join('=');
    at += length;
  }
  return path;
}

/**
 * Lists the regular files of an uncompressed tar archive (POSIX ustar and pax, GNU long names), in archive order.
 * Links and devices are left out. A leading `./` is removed. `name` is used in messages.
 * @throws {LutraError} `INVALID_DATA` for a broken header or an archive that ends inside a file.
 */
export function readTar(bytes: Uint8Array, name: string): TarEntry[] {
  const entries: TarEntry[] = [];
  let longPath: string | undefined;
  let at = 0;
  for (; at + BLOCK <= bytes.length; ) {
    const header = bytes.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return entries;
    if (!isTarHeader(header)) throw new LutraError('INVALID_DATA', `${name}: broken tar header at byte ${at}`);
    const size = number(header, 124, 12);
    const start = at + BLOCK;
    if (!Number.isSafeInteger(size) || start + size > bytes.length) {
      throw new LutraError('INVALID_DATA', `${name} is truncated inside ${text(header, 0, 100)}`, {
        expected: `${size} bytes`,
        actual: `${bytes.length - start}`,
      });
    }
    const data = bytes.subarray(start, start + size);
    const type = String.fromCharCode(header[156]!);
    if (type === 'L') {
      longPath = text(data, 0, data.length);
    } else if (type === 'x') {
      longPath = paxPath(data) ?? longPath;
    } else if (type !== 'g') {
      const prefix = text(header, 257, 6) === 'ustar' ? text(header, 345, 155) : '';
      const path = longPath ?? (prefix ? `${prefix}/${text(header, 0, 100)}` : text(header, 0, 100));
      longPath = undefined;
      if ((type === '0' || type === '\0') && !path.endsWith('/'))
        entries.push({ path: path.replace(/^(\.\/)+/, ''), data });
    }
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  if (at < bytes.length) throw new LutraError('INVALID_DATA', `${name} is truncated: it ends inside a tar header`);
  return entries;
}
