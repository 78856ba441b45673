import type { ExampleFile } from './protocol.js';

/** Everything below a dropped folder, in any order. */
async function readEntry(entry: FileSystemEntry, prefix: string): Promise<ExampleFile[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ path: prefix + entry.name, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const children: FileSystemEntry[] = [];
  // A reader hands out a hundred entries at a time.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) break;
    children.push(...some);
  }
  return (await Promise.all(children.map((child) => readEntry(child, `${prefix}${entry.name}/`)))).flat();
}

/** Files of a drop, folders opened. Call it before the event's turn ends: the items are gone afterwards. */
export function droppedFiles(transfer: DataTransfer): Promise<ExampleFile[]> {
  const entries = [...transfer.items].flatMap((item) => {
    const entry = item.kind === 'file' ? item.webkitGetAsEntry() : null;
    return entry ? [entry] : [];
  });
  if (entries.length > 0)
    return Promise.all(entries.map((entry) => readEntry(entry, ''))).then((lists) => lists.flat());
  return Promise.resolve([...transfer.files].map((file) => ({ path: file.name, file })));
}

/** Files that a file chooser gave; a chosen folder keeps its paths. */
export function chosenFiles(list: FileList): ExampleFile[] {
  return [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** Whether a file is a network rather than examples, by its name. */
export function isNetworkFile({ path }: ExampleFile): boolean {
  return /\.onnx$/i.test(path);
}
