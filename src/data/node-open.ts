import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { LutraError } from '../errors.js';
import { decodeWav } from '../speech/wav.js';
import type { Dataset } from './dataset.js';
import { type EncodedFile, exampleKind, type FileDecoders, folderDataset, isHiddenPath } from './folder.js';
import { decodeImage } from './node-decode.js';
import { openBytes } from './open.js';

const DECODERS: FileDecoders = { image: decodeImage, recording: decodeWav };

/** Class folders are nested one or two deep. Deeper nesting is a cycle of links. */
const MAX_DEPTH = 16;

/** Fails a promise with `INVALID_DATA`, what is wrong and why. */
function refuse(problem: string): (cause: Error) => never {
  return (cause) => {
    throw new LutraError('INVALID_DATA', `${problem}: ${cause.message}`, { cause });
  };
}

/** Node's Buffer is a Uint8Array whose `slice` does not copy. */
function toBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

/** Reads a file and undoes gzip, whatever its name says. */
async function readWhole(path: string): Promise<Uint8Array> {
  const bytes = toBytes(await readFile(path).catch(refuse(`${path} cannot be read`)));
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  return toBytes(await promisify(gunzip)(bytes).catch(refuse(`${path} is truncated or damaged`)));
}

/**
 * Lists images and recordings below a folder and follows symbolic links. A folder without any is an error: it is a class without
 * examples, or a mistake.
 */
async function listExamples(root: string, prefix = ''): Promise<EncodedFile[]> {
  if (prefix.split('/').length > MAX_DEPTH) {
    throw new LutraError('INVALID_DATA', `${join(root, prefix)} is nested too deep`, {
      hint: 'Is there a link to a folder above it?',
    });
  }
  const found: EncodedFile[] = [];
  for (const entry of await readdir(join(root, prefix), { withFileTypes: true })) {
    const path = prefix + entry.name;
    const full = join(root, path);
    const isFolder = entry.isSymbolicLink() ? (await stat(full)).isDirectory() : entry.isDirectory();
    if (isFolder && !isHiddenPath(path)) {
      const inside = await listExamples(root, `${path}/`);
      if (inside.length === 0) {
        throw new LutraError('INVALID_DATA', `${full} holds no image and no recording`, {
          hint: 'Remove the empty folder',
        });
      }
      for (const file of inside) found.push(file);
    } else if (!isFolder && exampleKind(path)) {
      found.push({ path, read: () => readWhole(full) });
    }
  }
  return found;
}

/**
 * Opens calibration or evaluation data (Node only). The content tells the format: a folder of class folders (ImageFolder), a tar, tar.gz
 * or zip of one, recordings `<class>_<speaker>_<number>.wav`, a pack of µ-law clips, a CIFAR-10 binary file, MNIST IDX images (labels are
 * found by their usual name), .npz or .npy. Every file may be gzipped. Compressed archives are held in memory, folders are read as needed.
 * @param labels Class names of the model in the order of its outputs. Folder names are matched to them.
 * @throws {LutraError} `INVALID_DATA` naming the file that is missing, damaged, empty or not in a known format.
 */
export async function openDataset(path: string, labels?: readonly string[]): Promise<Dataset> {
  const name = basename(resolve(path));
  const info = await stat(path).catch(refuse(`${path} cannot be read`));
  if (info.isDirectory()) {
    const files = await listExamples(path).catch((cause: unknown) => {
      throw LutraError.from(cause, 'INVALID_DATA');
    });
    return folderDataset(files, name, DECODERS, labels);
  }

  return openBytes(await readWhole(path), name, {
    decoders: DECODERS,
    labels,
    async beside(file) {
      const other = join(dirname(path), file);
      return (await stat(other).catch(() => undefined)) ? readWhole(other) : undefined;
    },
  });
}
