import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { LutraError } from '../errors.js';
import { decodeWav } from '../speech/wav.js';
import { arrayDataset, cifarDataset, idxDataset, npzDataset } from './arrays.js';
import { CIFAR_RECORD } from './cifar.js';
import type { Dataset } from './dataset.js';
import { type EncodedFile, exampleKind, type FileDecoders, folderDataset, isHiddenPath } from './folder.js';
import { type IdxArray, isIdx, labelFileName, parseIdx } from './idx.js';
import { type MuLawPackNotes, muLawDataset } from './mulaw-pack.js';
import { decodePicture } from './node-decode.js';
import { isNpy, isZip, parseNpy, parseNpz } from './npy.js';
import { isTarHeader, readTar } from './tar.js';

export interface OpenDatasetOptions {
  /** Class names of the model in the order of its outputs; folder names are matched to them. */
  readonly labels?: readonly string[];
}

const FORMATS =
  'a folder or .tar(.gz) of class folders, CIFAR-10 binary (.bin, .bin.gz), MNIST IDX (…-images-idx3-ubyte[.gz]), µ-law clips (.ulaw[.gz]), .npz or .npy';

const DECODERS: FileDecoders = { picture: decodePicture, recording: decodeWav };

/** Class folders lie one or two levels deep; more is a cycle of links. */
const MAX_DEPTH = 16;

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Node's Buffer is a Uint8Array whose `slice` does not copy. */
function toBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

/** Reads a file and undoes gzip, whatever its name says. */
async function readWhole(path: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = toBytes(await readFile(path));
  } catch (cause) {
    throw new LutraError('INVALID_DATA', `${path} cannot be read: ${reasonOf(cause)}`, { cause });
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return toBytes(await promisify(gunzip)(bytes));
  } catch (cause) {
    throw new LutraError('INVALID_DATA', `${path} is truncated or damaged: ${reasonOf(cause)}`, { cause });
  }
}

/**
 * Lists pictures and recordings below a folder, following symbolic links. A folder without any is an error: it would be a class
 * without examples, or a mistake.
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
        throw new LutraError('INVALID_DATA', `${full} holds no picture and no recording`, {
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

async function openIdx(images: IdxArray, path: string, labels: readonly string[] | undefined): Promise<Dataset> {
  const name = basename(path);
  if (images.dims.length === 1) {
    throw new LutraError('INVALID_DATA', `${name} holds labels`, {
      hint: 'Give the images file; its labels are found by name',
    });
  }
  const labelName = labelFileName(name);
  const candidates = labelName ? [labelName, labelName.replace(/\.gz$/, ''), `${labelName}.gz`] : [];
  for (const candidate of candidates) {
    const file = join(dirname(path), candidate);
    if (await stat(file).catch(() => undefined)) {
      return idxDataset(images, parseIdx(await readWhole(file), candidate), name, labels);
    }
  }
  return idxDataset(images, undefined, name, labels);
}

/** Text of a file, or undefined when there is none. */
async function readBeside(path: string): Promise<string | undefined> {
  if (!(await stat(path).catch(() => undefined))) return undefined;
  return new TextDecoder().decode(await readWhole(path));
}

/** `labels.json` and the table of the same name beside a pack. */
async function muLawNotes(path: string): Promise<MuLawPackNotes> {
  const labelFile = join(dirname(path), 'labels.json');
  const labels = await readBeside(labelFile);
  const table = await readBeside(path.replace(/\.ulaw(\.gz)?$/, '.tsv'));
  let classes: unknown;
  try {
    classes = labels === undefined ? undefined : JSON.parse(labels);
  } catch (cause) {
    throw new LutraError('INVALID_DATA', `${labelFile} is not JSON`, { cause });
  }
  if (classes !== undefined && !(Array.isArray(classes) && classes.every((name) => typeof name === 'string'))) {
    throw new LutraError('INVALID_DATA', `${labelFile} is not an array of class names`);
  }
  return { ...(classes ? { classes } : {}), ...(table === undefined ? {} : { table }) };
}

/**
 * Opens calibration or evaluation data (Node only). The format is told by content: a folder of class folders (ImageFolder),
 * a tar or tar.gz of one, recordings `<class>_<speaker>_<number>.wav`, a pack of µ-law clips, a CIFAR-10 binary file, MNIST IDX images (labels are found by their usual name), .npz or .npy;
 * every file may be gzipped. Compressed archives are held in memory; folders are read as needed.
 * @throws {LutraError} `INVALID_DATA` naming the file that is missing, damaged, empty or not in a known format.
 */
export async function openDataset(path: string, options: OpenDatasetOptions = {}): Promise<Dataset> {
  const { labels } = options;
  const name = basename(resolve(path));
  const info = await stat(path).catch((cause: unknown) => {
    throw new LutraError('INVALID_DATA', `${path} cannot be read: ${reasonOf(cause)}`, { cause });
  });
  if (info.isDirectory()) {
    const files = await listExamples(path).catch((cause: unknown) => {
      throw LutraError.from(cause, 'INVALID_DATA');
    });
    return folderDataset(files, name, DECODERS, labels);
  }

  const bytes = await readWhole(path);
  if (isTarHeader(bytes)) {
    const files = readTar(bytes, name).map(({ path: inner, data }) => ({ path: inner, read: async () => data }));
    return folderDataset(files, name, DECODERS, labels);
  }
  if (isZip(bytes)) return npzDataset(parseNpz(bytes, name), name, labels);
  if (isNpy(bytes)) return arrayDataset(parseNpy(bytes, name), undefined, name, labels);
  if (isIdx(bytes) && /idx\d/.test(name)) return openIdx(parseIdx(bytes, name), path, labels);
  if (/\.ulaw(\.gz)?$/.test(name)) return muLawDataset(bytes, name, await muLawNotes(path), labels);
  if (/\.bin(\.gz)?$/.test(name) && bytes.length > 0) return cifarDataset(bytes, name, labels);
  throw new LutraError('INVALID_DATA', `${path} is in no known format`, {
    expected: FORMATS,
    actual: appearance(bytes),
  });
}

/** What an unknown file seems to be, for the message. */
function appearance(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'an empty file';
  const start = Buffer.from(bytes.subarray(0, 64)).toString('latin1').trimStart();
  if (start.startsWith('<')) return 'HTML or XML';
  if (bytes.length % CIFAR_RECORD === 0) return `${bytes.length} bytes: name it .bin if they are CIFAR-10 records`;
  return `${bytes.length} bytes starting with ${[...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`;
}
