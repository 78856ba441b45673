import { LutraError } from '../errors.js';
import type { Dataset, Picture } from './dataset.js';

/** A picture file that has not been decoded yet. `path` uses `/` and is relative to the data set. */
export interface EncodedFile {
  readonly path: string;
  read(): Promise<Uint8Array>;
}

/** Decodes JPEG, PNG or WebP bytes; `name` is used in messages. */
export type PictureDecoder = (bytes: Uint8Array, name: string) => Promise<Picture>;

const PICTURE = /\.(jpe?g|png|webp|gif|bmp|tiff?|avif)$/i;
/** Decoded ahead of the consumer: enough to keep Node's thread pool busy, few enough to hold in memory. */
const READ_AHEAD = 16;

/** True for what file managers and archivers leave behind. */
export function isHiddenPath(path: string): boolean {
  return path.split('/').some((part) => part.startsWith('.') || part === '__MACOSX');
}

/** True for names that look like pictures and are not hidden. */
export function isPicturePath(path: string): boolean {
  return PICTURE.test(path) && !isHiddenPath(path);
}

/** Finds the class folder of every file, or undefined when the files lie in no folder or all in one that is not a class. */
function classFolders(files: readonly EncodedFile[], name: string, labels: readonly string[] | undefined) {
  const folders = files.map((file) => file.path.split('/').slice(0, -1).join('/'));
  const distinct = new Set(folders);
  const className = (folder: string) => folder.split('/').at(-1)!;
  const parent = (folder: string) => folder.split('/').slice(0, -1).join('/');
  if (distinct.size === 1 && !labels?.includes(className(folders[0]!))) return undefined;
  const parents = new Set([...distinct].map(parent));
  if (distinct.has('') || parents.size > 1) {
    throw new LutraError('INVALID_DATA', `${name}: pictures are not all in class folders side by side`, {
      expected: '<class>/<picture>',
      actual: [...distinct]
        .slice(0, 3)
        .map((folder) => `${folder}/`)
        .join(', '),
      hint: 'Point at one split, for example at its "test" folder',
    });
  }
  return folders.map(className);
}

/**
 * Data set of picture files in class folders (the ImageFolder layout). Class indices follow `labels` by name where given,
 * else the sorted folder names. Files that are not pictures are left out; files outside any folder give a data set without
 * labels. The order is by class, then by path.
 * @throws {LutraError} `INVALID_DATA` when there is no picture, or a folder is not in `labels`.
 */
export function folderDataset(
  allFiles: readonly EncodedFile[],
  name: string,
  decode: PictureDecoder,
  labels?: readonly string[],
): Dataset {
  const files = allFiles.filter((file) => isPicturePath(file.path)).sort((a, b) => (a.path < b.path ? -1 : 1));
  if (files.length === 0) {
    throw new LutraError('INVALID_DATA', `${name} holds no picture`, {
      hint: 'Expected .jpg, .png or .webp files in one folder per class',
    });
  }
  const folders = classFolders(files, name, labels);
  const names = [...new Set(folders)].sort();
  const unknown = labels ? names.filter((folder) => !labels.includes(folder)) : [];
  if (unknown.length > 0) {
    throw new LutraError('INVALID_DATA', `${name}: folders are not classes of the model`, {
      expected: `folders among ${labels!.slice(0, 12).join(', ')}${labels!.length > 12 ? ', …' : ''}`,
      actual: unknown.slice(0, 5).join(', '),
    });
  }
  const classes = labels ?? names;
  const index = new Map(classes.map((className, i) => [className, i]));
  const label = folders && Int32Array.from(folders, (folder) => index.get(folder)!);

  async function* samples(indices: Iterable<number>) {
    const pending: Promise<{ i: number; picture: Picture }>[] = [];
    const start = async (i: number) => {
      const file = files[i]!;
      return { i, picture: await decode(await file.read(), `${name}/${file.path}`) };
    };
    const finish = async () => {
      const { i, picture } = await pending.shift()!;
      const sample = { kind: 'picture', name: files[i]!.path, picture } as const;
      return label ? { ...sample, label: label[i]! } : sample;
    };
    for (const i of indices) {
      const decoding = start(i);
      // A failure is reported when its turn comes; until then it must not count as unhandled.
      decoding.catch(() => {});
      pending.push(decoding);
      if (pending.length >= READ_AHEAD) yield await finish();
    }
    while (pending.length > 0) yield await finish();
  }

  return {
    description: `${name}: ${files.length} pictures${label ? ` in ${names.length} classes` : ''}`,
    count: files.length,
    ...(label ? { classes, labels: label } : {}),
    samples,
  };
}
