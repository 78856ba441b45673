import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CatalogueEntry, catalogueEntry, lookupForm } from '../../src/networks/catalogue.js';
import { type NetworkFacts, networkFacts, writeForms } from '../measure/prepare.js';
import type { ModelForm } from '../measure/types.js';

/** Generated networks; rebuilt when their builders change. */
export const MODEL_FOLDER = join(process.cwd(), 'build/bench/models');

export interface ModelFile {
  /** Relative to {@link MODEL_FOLDER}. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A network on disk. */
export interface NetworkFiles extends NetworkFacts {
  readonly id: string;
  readonly title: string;
  readonly files: Readonly<Partial<Record<ModelForm, ModelFile>>>;
}

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

/** Changes with the code that writes networks. */
function sourceHash(): string {
  const folders = ['src/networks', 'src/onnx', 'bench/measure'];
  const paths = folders.flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)));
  return sha256(paths.map((path) => readFileSync(path, 'utf8')).join(''));
}

/** The files of a network of the catalogue, from an earlier call or made now. @throws RangeError when there is no such network */
export async function networkFiles(id: string, onBuild: (title: string) => void): Promise<NetworkFiles> {
  const entry = catalogueEntry(id);
  const source = sourceHash();
  const index = join(MODEL_FOLDER, `${id}.json`);
  if (existsSync(index)) {
    const known = JSON.parse(readFileSync(index, 'utf8')) as NetworkFiles & { readonly source: string };
    if (known.source === source) return known;
  }
  onBuild(entry.title);
  mkdirSync(MODEL_FOLDER, { recursive: true });
  const built = await buildFiles(entry);
  writeFileSync(index, JSON.stringify({ ...built, source }, null, 2));
  return built;
}

async function buildFiles({ id, title, ...entry }: CatalogueEntry): Promise<NetworkFiles> {
  const dense = entry.dense();
  const lookup = lookupForm({ id, title, ...entry }, dense);
  const facts = networkFacts(dense, lookup);
  const files: Partial<Record<ModelForm, ModelFile>> = {};
  await writeForms(dense, lookup, facts.inputs, (form, bytes) => {
    const file = `${id}.${form}.onnx`;
    writeFileSync(join(MODEL_FOLDER, file), bytes);
    files[form] = { file, bytes: bytes.length, sha256: sha256(bytes) };
  });
  return { id, title, files, ...facts };
}
