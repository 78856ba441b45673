import { LutraError } from '../errors.js';
import type { Recording } from '../speech/wav.js';
import type { Dataset, PixelImage, Sample } from './dataset.js';
import { labelInName, matchClasses, speakerInName } from './names.js';

/** An image or recording that has not been decoded yet. `path` uses `/` and is relative to the data set. */
export interface EncodedFile {
  readonly path: string;
  read(): Promise<Uint8Array>;
}

/** Decodes the bytes of one kind of file. `name` is used in messages. */
export interface FileDecoders {
  readonly image: (bytes: Uint8Array, name: string) => Promise<PixelImage>;
  readonly recording: (bytes: Uint8Array, name: string) => Recording;
}

const RECORDING = /\.wav$/i;
const IMAGE = /\.(jpe?g|png|webp|gif|bmp|tiff?|avif)$/i;
/** Examples decoded in advance: enough to keep Node's thread pool busy, few enough to hold in memory. */
const READ_AHEAD = 16;

/** True for files that file managers and archivers add. */
export function isHiddenPath(path: string): boolean {
  return path.split('/').some((part) => part.startsWith('.') || part === '__MACOSX');
}

/** Kind of a file by its name. Undefined for hidden files and all that are no examples. */
export function exampleKind(path: string): 'image' | 'recording' | undefined {
  if (isHiddenPath(path)) return undefined;
  return IMAGE.test(path) ? 'image' : RECORDING.test(path) ? 'recording' : undefined;
}

/** Class folder of every file. Undefined when the files are in no folder, or all in one that is not a class. */
function classFolders(files: readonly EncodedFile[], name: string, labels: readonly string[] | undefined) {
  const folders = files.map((file) => file.path.split('/').slice(0, -1).join('/'));
  const distinct = new Set(folders);
  const className = (folder: string) => folder.split('/').at(-1)!;
  const parent = (folder: string) => folder.split('/').slice(0, -1).join('/');
  if (distinct.size === 1 && !labels?.includes(className(folders[0]!))) return undefined;
  const parents = new Set([...distinct].map(parent));
  if (distinct.has('') || parents.size > 1) {
    throw new LutraError('INVALID_DATA', `${name}: examples are not all in class folders side by side`, {
      expected: '<class>/<file>',
      actual: Array.from(distinct, (folder) => `${folder}/`)
        .slice(0, 3)
        .join(', '),
      hint: 'Point at one split, for example at its "test" folder',
    });
  }
  return folders.map(className);
}

/** The one kind of file that a data set holds. */
function onlyKind(files: readonly EncodedFile[], name: string): 'image' | 'recording' {
  const kinds = new Set(files.map((file) => exampleKind(file.path)!));
  if (kinds.size === 0) {
    throw new LutraError('INVALID_DATA', `${name} holds no image and no recording`, {
      hint: 'Expected .jpg, .png, .webp or .wav files in one folder per class',
    });
  }
  if (kinds.size > 1) {
    throw new LutraError('INVALID_DATA', `${name} holds both images and recordings`, { hint: 'Point at one of them' });
  }
  return [...kinds][0]!;
}

/**
 * Data set of image or WAV files in class folders (the ImageFolder layout). With `labels`, class indices are those of the names in
 * `labels`, otherwise of the sorted folder names. Recordings in no class folder may name their class: `<class>_<speaker>_<number>.wav`.
 * Other files are left out. Files outside any folder make a data set without labels. The order is by class, then by path.
 * @throws {LutraError} `INVALID_DATA` when there is no example, or a class is not in `labels`.
 */
export function folderDataset(
  allFiles: readonly EncodedFile[],
  name: string,
  decoders: FileDecoders,
  labels?: readonly string[],
): Dataset {
  const files = allFiles.filter((file) => exampleKind(file.path)).sort((a, b) => (a.path < b.path ? -1 : 1));
  const kind = onlyKind(files, name);
  const paths = files.map((file) => file.path);
  const folders = classFolders(files, name, labels);
  const named = folders ?? (kind === 'recording' ? labelInName(paths) : undefined);
  const matched = named && matchClasses(named, name, labels);
  const speakers = kind === 'recording' ? speakerInName(paths, folders !== undefined) : undefined;

  async function decode({ read, path }: EncodedFile) {
    const bytes = await read();
    const full = `${name}/${path}`;
    return kind === 'image'
      ? ({ kind, name: path, image: await decoders.image(bytes, full) } as const)
      : ({ kind, name: path, recording: decoders.recording(bytes, full) } as const);
  }

  async function* samples(indices: Iterable<number>) {
    const pending: Promise<Sample>[] = [];
    for (const i of indices) {
      const decoding = decode(files[i]!).then((sample) =>
        matched ? { ...sample, label: matched.labels[i]! } : sample,
      );
      // A failure is reported when its example is read. Until then it must not count as unhandled.
      decoding.catch(() => {});
      pending.push(decoding);
      if (pending.length >= READ_AHEAD) yield await pending.shift()!;
    }
    while (pending.length > 0) yield await pending.shift()!;
  }

  return {
    description: `${name}: ${files.length} ${kind}${files.length === 1 ? '' : 's'}${matched ? ` in ${new Set(matched.labels).size} classes` : ''}`,
    count: files.length,
    ...matched,
    ...(speakers ? { speakers } : {}),
    samples,
  };
}
