import { LutraError } from '../errors.js';
import type { TensorValue } from '../graph/types.js';
import { arrayDataset, cifarDataset, npzDataset } from './arrays.js';
import { CIFAR_RECORD } from './cifar.js';
import type { Dataset } from './dataset.js';
import { type FileDecoders, folderDataset } from './folder.js';
import { isIdx, labelFileName, parseIdx } from './idx.js';
import { type MuLawPackNotes, muLawDataset } from './mulaw-pack.js';
import { isNpy, isZip, parseNpy, parseNpz } from './npy.js';
import { isTarHeader, readTar } from './tar.js';
import { readZip } from './zip.js';

/** What a format needs beyond the bytes of its file. */
export interface OpenContext {
  readonly decoders: FileDecoders;
  /** Class names of the model in the order of its outputs. Names in the data are matched to them. */
  readonly labels?: readonly string[] | undefined;
  /** Bytes of a file in the same folder, ungzipped. Undefined when there is none. */
  beside(name: string): Promise<Uint8Array | undefined>;
}

const FORMATS =
  'a folder, .tar(.gz) or .zip of class folders, CIFAR-10 binary (.bin, .bin.gz), MNIST IDX (…-images-idx3-ubyte[.gz]), µ-law clips (.ulaw[.gz]), .npz or .npy';

async function openIdx(images: TensorValue, name: string, { labels, beside }: OpenContext): Promise<Dataset> {
  if (images.dims.length === 1) {
    throw new LutraError('INVALID_DATA', `${name} holds labels`, {
      hint: 'Open the file of images; its labels are found by name',
    });
  }
  if (images.dims.length !== 3) {
    throw new LutraError('INVALID_DATA', `${name}: wrong IDX shape`, {
      expected: '[n, height, width]',
      actual: `[${images.dims}]`,
    });
  }
  const labelName = labelFileName(name);
  const candidates = labelName ? [labelName, labelName.replace(/\.gz$/, ''), `${labelName}.gz`] : [];
  for (const candidate of candidates) {
    const bytes = await beside(candidate);
    if (bytes) return arrayDataset(images, parseIdx(bytes, candidate), name, labels);
  }
  return arrayDataset(images, undefined, name, labels);
}

/** `labels.json` and the table of the same name beside a pack. */
async function muLawNotes(name: string, { beside }: OpenContext): Promise<MuLawPackNotes> {
  const text = async (file: string) => {
    const bytes = await beside(file);
    return bytes && new TextDecoder().decode(bytes);
  };
  const labels = await text('labels.json');
  const table = await text(name.replace(/\.ulaw(\.gz)?$/, '.tsv'));
  let classes: unknown;
  try {
    classes = labels === undefined ? undefined : JSON.parse(labels);
  } catch (cause) {
    throw new LutraError('INVALID_DATA', `labels.json is not JSON`, { cause });
  }
  if (classes !== undefined && !(Array.isArray(classes) && classes.every((entry) => typeof entry === 'string'))) {
    throw new LutraError('INVALID_DATA', `labels.json is not an array of class names`);
  }
  return { ...(classes ? { classes } : {}), ...(table === undefined ? {} : { table }) };
}

/**
 * Opens the content of one file as a data set. The content tells the format: a tar or zip of class folders (ImageFolder), of recordings
 * `<class>_<speaker>_<number>.wav` or of .npy arrays, a pack of µ-law clips, a CIFAR-10 binary file, MNIST IDX images, .npz or .npy.
 * @param bytes ungzipped
 * @param name of the file, without folders
 * @throws {LutraError} `INVALID_DATA` when the file is damaged, empty or not in a known format.
 */
export async function openBytes(bytes: Uint8Array, name: string, context: OpenContext): Promise<Dataset> {
  const { decoders, labels } = context;
  if (isTarHeader(bytes)) {
    const files = readTar(bytes, name).map(({ path, data }) => ({ path, read: async () => data }));
    return folderDataset(files, name, decoders, labels);
  }
  if (isZip(bytes)) {
    const files = readZip(bytes, name);
    return files.some(({ path }) => path.endsWith('.npy'))
      ? npzDataset(parseNpz(bytes, name), name, labels)
      : folderDataset(files, name, decoders, labels);
  }
  if (isNpy(bytes)) return arrayDataset(parseNpy(bytes, name), undefined, name, labels);
  if (isIdx(bytes) && /idx\d/.test(name)) return openIdx(parseIdx(bytes, name), name, context);
  if (/\.ulaw(\.gz)?$/.test(name)) return muLawDataset(bytes, name, await muLawNotes(name, context), labels);
  if (/\.bin(\.gz)?$/.test(name) && bytes.length > 0) return cifarDataset(bytes, name, labels);
  throw new LutraError('INVALID_DATA', `${name} is in no known format`, {
    expected: FORMATS,
    actual: appearance(bytes),
  });
}

/** Description of an unknown file, for the message. */
function appearance(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'an empty file';
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 64)).trimStart();
  if (start.startsWith('<')) return 'HTML or XML';
  if (bytes.length % CIFAR_RECORD === 0) return `${bytes.length} bytes: name it .bin if they are CIFAR-10 records`;
  return `${bytes.length} bytes starting with ${[...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`;
}
